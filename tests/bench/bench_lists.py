"""Lists of 100,000 rows: bytes of a whole and of 1 % changes, and what they cost a device.

Run: `python tests/bench/bench_lists.py`. The list is made from a seed: p-codes, names of two to
four syllables, areas, a coordinate, a number. The change touches 1 % of the rows: cells, names,
rows that leave and rows that come. Bytes are those of whole entries' payloads: signed where open,
padded and sealed where personal. CAIRN_BENCH_ROWS sets the number of rows. Prints JSON.
"""

import json
import os
import random
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from client_kit import xform_of  # noqa: E402
from client_project import DEPLOYMENT, PASSPHRASE, TestProject  # noqa: E402

from mobile_client.services.client import Client  # noqa: E402
from shared.clock import RandomBytes  # noqa: E402
from shared.forms.interview import Interview  # noqa: E402
from shared.forms.xform import read_form  # noqa: E402
from shared.records.list_delta import apply_delta, encode_delta, make_delta  # noqa: E402
from shared.records.list_letter import How, write_letters  # noqa: E402
from shared.records.lists import BLOCK_BYTES, canonical_list  # noqa: E402
from shared.records.parts import payloads_of  # noqa: E402
from shared.sealing.documents import Document, sign_document  # noqa: E402
from shared.sealing.envelope import Kind  # noqa: E402

ROWS = int(os.environ.get("CAIRN_BENCH_ROWS", "100000"))
LIMIT_RATIO = 0.03
LIMIT_LOOK_UP_MS = 1.0
SYLLABLES = ["ba", "ka", "to", "mu", "ri", "ne", "sha", "gu", "wa", "lo", "di", "pe"]
HEAD = "name,label,admin1,admin2,latitude,households\n"
FORM = """
| survey | | | | | |
| | type | name | label | calculation | choice_filter | bind::cairn:disclosure |
| | text | area | Area | | | open |
| | select_one_from_file cases.csv | who | Who | | admin2=${area} | open |
| | calculate | label | | pulldata('cases', 'label', 'name', ${who}) | | open |
| settings | | | | | |
| | form_title | form_id | version | cairn_basis | cairn_purposes |
| | Visit | visit | 1 | observation | statistics |
"""


def listed(rows: list[list[str]]) -> bytes:
    """Return rows as a canonical list."""
    return canonical_list((HEAD + "".join(",".join(row) + "\n" for row in rows)).encode())


def row(number: int, chance: random.Random) -> list[str]:
    """Make up one row."""
    area = f"SS{number // 10_000:02}"
    syllables = [chance.choice(SYLLABLES) for _ in range(chance.randint(2, 4))]
    name = f"{area}{number // 100 % 100:02}{number:06}"
    second = f"{area}{number // 100 % 100:02}"
    latitude, households = f"{chance.uniform(3, 12):.5f}", str(chance.randint(20, 9000))
    return [name, "".join(syllables).title(), area, second, latitude, households]


def versions() -> tuple[bytes, bytes]:
    """Return a list and the same with 1 % of its rows changed."""
    chance = random.Random(1)
    rows = [row(number, chance) for number in range(ROWS)]
    base = listed(rows)
    for number in chance.sample(range(ROWS), ROWS * 6 // 1000):
        rows[number][5] = str(chance.randint(20, 9000))
    for number in chance.sample(range(ROWS), ROWS // 1000):
        rows[number][1] += "ba"
    for number in sorted(chance.sample(range(ROWS), ROWS * 15 // 10_000), reverse=True):
        del rows[number]
    for number in range(ROWS, ROWS + ROWS * 15 // 10_000):
        rows.insert(chance.randrange(len(rows)), row(number, chance))
    return base, listed(rows)


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def open_bytes(project: TestProject, kind: str, content: bytes) -> int:
    """Return the bytes of a document's entries."""
    document = Document(DEPLOYMENT, kind, "cases.csv", 1, content)
    return sum(map(len, payloads_of(sign_document(project.root, document))))


def sealed_bytes(project: TestProject, client: Client, how: How, serial: int, data: bytes) -> int:
    """Send a case list and return the bytes of its letters' payloads."""
    for letter in write_letters("cases", serial, how, data):
        project.mail(client, Kind.CASE_LIST, letter.encode())
    held = [
        sum(map(len, entry.payloads.values()))
        for log in project.store.have().points
        for branch in project.store.branches(log)
        for entry in project.store.entries(branch, 1, branch.head.sequence)
        if entry.header.kind == Kind.CASE_LIST
    ]
    return sum(held)


def applying(base: bytes, content: bytes, new: bytes) -> dict[str, float]:
    """Return seconds and peak memory of applying a step to a list, block by block."""
    from shared.records.list_delta import decode_delta  # noqa: PLC0415 - counted with the rest

    def blocks() -> object:
        pieces = (base[at : at + BLOCK_BYTES] for at in range(0, len(base), BLOCK_BYTES))
        size = 0
        for block in apply_delta(pieces, decode_delta(content)):
            size += len(block)
        assert size == len(new)
        return size

    seconds = timed(blocks)
    tracemalloc.start()
    blocks()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {"apply_step_s": round(seconds, 2), "apply_step_peak_mb": round(peak / 1e6, 1)}


def looking_up(client: Client, random_bytes: RandomBytes) -> dict[str, float]:
    """Return what a form's question and `pulldata` over the list cost."""
    lists = client._open.lists
    load = timed(lists.tables)
    files = dict(lists.tables())
    client.lock()
    client.unlock(client.enumerators()[0].id, PASSPHRASE)
    tracemalloc.start()
    client._open.lists.tables()
    table = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    clock = client.clock
    interview = Interview(
        read_form(xform_of(FORM)),
        clock_now=clock.now(),
        tz=client.machine.zone,
        random_bytes=random_bytes,
        attachments=files,
    )
    areas = [f"SS{number % 10:02}{number * 7 % 100:02}" for number in range(201)]
    interview.set("/data/area", areas[0])
    first = timed(lambda: interview.set("/data/who", "SS0000000001"))
    filters = [
        timed(lambda: (interview.set("/data/area", area), interview.choices("/data/who")))  # noqa: B023
        for area in areas[1:]
    ]
    keys = [f"SS{number // 10_000:02}{number // 100 % 100:02}{number:06}" for number in range(200)]
    by_key = [timed(lambda: interview.set("/data/who", key)) for key in keys]  # noqa: B023
    by_key_ms, filter_ms = sorted(by_key)[100] * 1e3, sorted(filters)[100] * 1e3
    return {
        "open_list_s": round(load, 2),
        "open_list_mb": round(table / 1e6, 1),
        "first_look_up_ms": round(first * 1e3, 1),
        "look_up_by_key_ms": round(by_key_ms, 3),
        "filter_to_100_rows_ms": round(filter_ms, 3),
        "look_up_to_limit": round(by_key_ms / LIMIT_LOOK_UP_MS, 3),
    }


def main() -> None:
    """Measure and print."""
    base, new = versions()
    delta = make_delta(base, new)
    assert delta is not None
    content = encode_delta(delta)
    with tempfile.TemporaryDirectory() as folder:
        project = TestProject()
        client = project.on_disk(Path(folder) / "home")
        whole_open, step_open = (
            open_bytes(project, "list", base),
            open_bytes(project, "delta", content),
        )
        whole = sealed_bytes(project, client, How.WHOLE, 1, base)
        take_whole = timed(lambda: project.sync(client))
        step = sealed_bytes(project, client, How.STEP, 2, content) - whole
        take_step = timed(lambda: project.sync(client))
        found = looking_up(client, os.urandom)
        held = client.lists()
        client.close()
    assert held[-1].serial == 2
    figures: dict[str, object] = {
        "rows": ROWS,
        "list_bytes": len(base),
        "whole_open_bytes": whole_open,
        "step_open_bytes": step_open,
        "whole_sealed_bytes": whole,
        "step_sealed_bytes": step,
        "step_open_ratio": round(step_open / whole_open, 4),
        "step_sealed_ratio": round(step / whole, 4),
        "step_to_limit": round(max(step_open / whole_open, step / whole) / LIMIT_RATIO, 3),
        "make_step_s": round(timed(lambda: make_delta(base, new)), 2),
        "sync_whole_into_vault_s": round(take_whole, 2),
        "sync_step_into_vault_s": round(take_step, 2),
        **applying(base, content, new),
        **found,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
