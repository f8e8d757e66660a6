"""What the form engine costs: load, set, filter, repeats; beside JavaRosa where java is here.

Forms come from the shared data; without it the figures are of a form made here. JavaRosa's jar is
the one inside pyxform's validator: only its load of the same XForm is timed, cold, in a process.
"""

import gc
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from forms_shared import shared_data

from shared.forms.body import validate_body
from shared.forms.cache import dump_form, load_form
from shared.forms.definition import Form
from shared.forms.interview import Interview
from shared.forms.xform import read_form
from shared.forms.xlsform import convert

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
FORMS = (
    "bench_big",
    "bench_cascade3",
    "bench_repeat",
    "who_verbal_autopsy",
    "reach_msna_2024_draft",
)


def median_ms(work: Callable[[int], object], times: int) -> float:
    spent = []
    for turn in range(times):
        start = time.perf_counter()
        work(turn)
        spent.append((time.perf_counter() - start) * 1000)
    return round(statistics.median(spent), 3)


def start(form: Form) -> Interview:
    return Interview(form, clock_now=NOW, tz=UTC, random_bytes=os.urandom)


def loads(xform: bytes) -> dict[str, float]:
    form = read_form(xform)
    cache = dump_form(form)
    gc.freeze()
    return {
        "load_xml_and_start_ms": median_ms(lambda _turn: start(read_form(xform)), 3),
        "load_cache_ms": median_ms(lambda _turn: load_form(cache), 5),
        "load_cache_and_start_ms": median_ms(lambda _turn: start(load_form(cache)), 3),
        "start_again_ms": median_ms(lambda _turn: start(form), 5),
        "cache_bytes": len(cache),
    }


def java_validate_ms(xform: bytes) -> float | None:
    """Return what ODK Validate (JavaRosa) takes for the same form, JVM start included."""
    spec = find_spec("pyxform")
    java = shutil.which("java")
    if java is None or spec is None or spec.origin is None:
        return None
    jars = list(Path(spec.origin).parent.rglob("ODK_Validate.jar"))
    if not jars:
        return None
    with tempfile.NamedTemporaryFile(suffix=".xml") as file:
        file.write(xform)
        file.flush()
        begun = time.perf_counter()
        subprocess.run([java, "-jar", str(jars[0]), file.name], capture_output=True, check=False)
        return round((time.perf_counter() - begun) * 1000, 1)


def cascade(form: Form) -> dict[str, float]:
    filled = start(form)
    filled.set("/data/province", "p3")
    filled.set("/data/kind", "urban")
    filled.set("/data/district", "d13")
    filled.choices("/data/village")

    def choose(turn: int) -> None:
        filled.set("/data/district", f"d{turn % 20 * 10 + 3}")
        filled.choices("/data/village")

    return {
        "filter_20000_ms": median_ms(lambda _turn: filled.choices("/data/village"), 20),
        "choose_and_list_ms": median_ms(choose, 20),
    }


def repeats(form: Form) -> dict[str, float]:
    filled = start(form)
    figures = {}
    for count in (200, 2000):
        figures[f"make_{count}_ms"] = median_ms(
            lambda _turn, n=count: filled.set("/data/n", str(n)), 1
        )
        middle = f"/data/member[{count // 2}]/age"
        figures[f"set_one_of_{count}_ms"] = median_ms(
            lambda turn, path=middle: filled.set(path, str(5 + turn)), 10
        )
        figures[f"add_one_to_{count}_ms"] = median_ms(
            lambda turn, n=count: filled.set("/data/n", str(n + 1 + turn)), 5
        )
    return figures


def big(form: Form) -> dict[str, float]:
    filled = start(form)
    head = next(path for path, field in form.fields.items() if field.constraint)
    return {
        "chain_of_250_head_ms": median_ms(lambda turn: filled.set(head, str(turn + 3)), 20),
        "toggle_group_of_49_ms": median_ms(
            lambda turn: filled.set("/data/gate5", "no" if turn % 2 else "yes"), 20
        ),
        "next_screen_ms": median_ms(lambda _turn: filled.next(), 100),
        "server_validation_ms": median_ms(
            lambda _turn: validate_body(
                form, filled.answers(), (), clock_now=NOW, tz=UTC, random_bytes=os.urandom
            ),
            5,
        ),
    }


PARTS = {"bench_cascade3": cascade, "bench_repeat": repeats, "bench_big": big}


def main() -> None:
    """Print the figures as one JSON line."""
    data = shared_data()
    if data is None:
        print(json.dumps({"skipped": "the shared forms are not beside this checkout"}))
        return
    figures: dict[str, object] = {}
    for name in FORMS:
        xform = convert(data / "forms" / f"{name}.xlsx").xform
        found: dict[str, object] = dict(loads(xform))
        part = PARTS.get(name)
        if part is not None:
            found |= part(read_form(xform))
        peer = java_validate_ms(xform)
        if peer is not None:
            found["odk_validate_process_ms"] = peer
        figures[name] = found
    figures["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(figures))


if __name__ == "__main__":
    sys.exit(main())
