"""The form engine beside JavaRosa and the browser's `@getodk/xforms-engine`, in one run.

Each engine is a process that answers the same JSON lines; each operation is timed inside it, as the
median of several turns after some to warm up. What a machine lacks (a JDK, node, the npm registry)
is said in the output. Forms come from the shared data; villages_100000 is made here.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from forms_build import bind, xform
from forms_shared import shared_data
from javarosa import JavaRosa, javarosa_missing
from json_lines import JsonLinesPeer, PeerRefused, PeerTooSlow

from shared.forms.xlsform import convert

PEERS: Final = Path(__file__).resolve().parent / "peers"
BUDGET_MS: Final = 4000.0
"""Turns of one step end after so long; what it takes to warm up is half of it at most."""
WITHIN_S: Final = 120.0
INTERACTIVE_MS: Final = 16.0
ALREADY_QUICK_MS: Final = 2.0
FILTER_MS: Final = 1.0
LOAD_SHARE: Final = 0.1

Request = Mapping[str, Any]
Figures = dict[str, float | str]


@dataclass(frozen=True, slots=True)
class Step:
    """Something to time.

    Attributes:
        turns: what one turn after another does, each several requests.
        limit_ms: the goal, 0 for none; `quick` also asks to be no slower than JavaRosa.
    """

    name: str
    turns: Sequence[Sequence[Request]]
    warm: int = 20
    times: int = 40
    limit_ms: float = INTERACTIVE_MS
    quick: bool = True


def put(path: str, value: str) -> Request:
    """Return a request that answers a question."""
    return {"op": "set", "path": path, "value": value}


def ask(path: str) -> Request:
    """Return a request for a select's choices."""
    return {"op": "choices", "path": path}


def toggled(name: str, path: str, *values: str) -> Step:
    """Return a step that gives one question one answer after the other."""
    return Step(name, [[put(path, value)] for value in values])


def cascade() -> Iterator[Step]:
    """Yield choosing a district and listing its villages."""
    yield Step("", [[put("/data/province", "p3"), put("/data/kind", "urban")]], 0, 1, 0)
    choose = [
        [put("/data/district", f"d{turn % 20 * 10 + 3}"), ask("/data/village")]
        for turn in range(20)
    ]
    yield Step("choose_and_list", choose)
    yield Step("filter", [[ask("/data/village")]], 5, 20, FILTER_MS)


def repeats() -> Iterator[Step]:
    """Yield making, filling, setting one and adding one, at 2, 200 and 2,000 instances."""
    for count in (2, 200, 2000):
        filled = min(count, 200)
        made = {"op": "count", "path": "/data/n", "repeat": "/data/member"}
        fill = [put(f"/data/member[{place}]/age", "20") for place in range(1, filled + 1)]
        one = f"/data/member[{count // 2}]/age"
        yield Step(f"make_{count}", [[{**made, "value": str(count)}]], 0, 1, 0, quick=False)
        yield Step(f"fill_{filled}_of_{count}", [fill], 0, 1, 0, quick=False)
        yield Step(f"set_one_of_{count}", [[put(one, str(5 + turn))] for turn in range(9)], 5, 9)
        grown = [[{**made, "value": str(count + turn)}] for turn in range(1, 13)]
        yield Step(f"add_one_to_{count}", grown, 3, 9)


STEPS: Final[dict[str, tuple[Step, ...]]] = {
    "bench_big": (
        Step("chain_head", [[put("/data/g1/q2", str(turn))] for turn in range(3, 40)]),
        toggled("toggle_group", "/data/gate5", "no", "yes"),
    ),
    "bench_cascade3": tuple(cascade()),
    "villages_100000": tuple(cascade()),
    "bench_repeat": tuple(repeats()),
    "who_verbal_autopsy": (
        toggled("toggle_consent", "/data/respondent_backgr/Id10013", "yes", "no"),
        toggled("set_name", "/data/respondent_backgr/Id10010", "Amina", "Abdi"),
    ),
    "reach_msna_2024_draft": (
        toggled("toggle_consent", "/data/introduction/consent", "no", "yes"),
        toggled("set_age", "/data/consented/demographics/resp_age", "31", "64"),
    ),
}


def villages(folder: Path) -> bytes:
    """Return a form that chooses among 100,000 villages of a CSV file, which goes to `folder`."""
    rows = (f"v{n},Village {n},d{n % 200},{'urban' if n // 200 % 2 else 'rural'}\n"
            for n in range(100_000))  # fmt: skip
    (folder / "villages.csv").write_text("name,label,district,kind\n" + "".join(rows), "utf-8")
    names = ("province", "district", "kind")
    asked = "".join(f"<input ref='/data/{n}'><label>{n}</label></input>" for n in names)
    chosen = "instance('villages')/root/item[district = /data/district and kind = /data/kind]"
    return xform(
        "".join(f"<{n}/>" for n in (*names, "village")),
        bind("/data/village", type="string"),
        f"{asked}<select1 ref='/data/village'><label>v</label><itemset nodeset=\"{chosen}\">"
        "<value ref='name'/><label ref='label'/></itemset></select1>",
        model="<instance id='villages' src='jr://file-csv/villages.csv'/>",
    )


def timed(peer: JsonLinesPeer, name: str, form: Path) -> Figures:
    """Return the milliseconds of every step on one form, and what it takes in memory."""
    figures: Figures = {}
    before = peer.ask("memory")
    try:
        figures["load_cold_ms"] = peer.ask(
            "time", warm=0, times=1, within_s=WITHIN_S,
            steps=[[{"op": "load", "xform": str(form), "media": str(form.parent)}]],
        )  # fmt: skip
        warm: dict[str, Any] = {"warm": 3, "times": 5, "budget_ms": BUDGET_MS}
        figures["load_warm_ms"] = peer.ask(
            "time", steps=[[{"op": "open"}]], within_s=WITHIN_S, **warm
        )
        peer.ask("walk")
        figures["memory_mb"] = round(peer.ask("memory") - before, 1)
        for step in STEPS[name]:
            asked: dict[str, Any] = {"steps": step.turns, "warm": step.warm, "times": step.times}
            spent = peer.ask("time", within_s=WITHIN_S, budget_ms=BUDGET_MS, **asked)
            if step.name:
                figures[f"{step.name}_ms"] = round(spent, 3)
        figures["memory_at_end_mb"] = round(peer.ask("memory") - before, 1)
    except (PeerTooSlow, PeerRefused) as error:
        figures["stopped"] = str(error)[:300]
    return figures


def ours(name: str, form: Path) -> Figures:
    """Return the same of our engine, and the load from its cache."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    with JsonLinesPeer([sys.executable, str(PEERS / "ours.py")], environment=environment) as peer:
        figures = timed(peer, name, form)
        cached = [[{"op": "open", "cached": True}]]
        figures["load_cached_ms"] = peer.ask("time", steps=cached, warm=2, times=9)
    return figures


def browser_engine_missing() -> str:
    """Install the browser's engine beside its lock file; return why that cannot be, or ""."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "node and npm are not installed"
    if (PEERS / "node_modules" / "@getodk").is_dir():
        return ""
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=PEERS, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"npm ci failed: {done.stderr.strip()[-300:]}"


def peers_here() -> tuple[dict[str, Any], dict[str, str]]:
    """Return what makes each peer that can run here, and why the others cannot."""
    missing = {"javarosa": javarosa_missing(), "xforms_engine": browser_engine_missing()}
    makers = {
        "javarosa": JavaRosa,
        "xforms_engine": lambda: JsonLinesPeer(["node", "--expose-gc", "engine.mjs"], folder=PEERS),
    }
    here = {name: make for name, make in makers.items() if not missing[name]}
    return here, {name: why for name, why in missing.items() if why}


def goals(name: str, mine: Figures, theirs: Mapping[str, Figures]) -> Figures:
    """Return for each goal how ours stands to it: above 1 misses it."""
    found: Figures = {}
    java, browser = theirs.get("javarosa", {}), theirs.get("xforms_engine", {})
    if isinstance(warm := java.get("load_warm_ms"), float):
        found["cached_load_to_tenth_of_javarosa"] = ratio(mine, "load_cached_ms", warm * LOAD_SHARE)
    for step in STEPS[name]:
        figure = f"{step.name}_ms"
        if figure not in mine:
            continue
        if step.limit_ms:
            found[f"{step.name}_to_{step.limit_ms:g}_ms"] = ratio(mine, figure, step.limit_ms)
        other = java.get(figure)
        if step.quick and isinstance(other, float):
            limit = max(other, ALREADY_QUICK_MS)
            found[f"{step.name}_to_javarosa_or_2_ms"] = ratio(mine, figure, limit)
    if name == "bench_repeat" and isinstance(second := mine.get("add_one_to_2_ms"), float):
        found["add_one_to_2000_to_add_one_to_2"] = ratio(mine, "add_one_to_2000_ms", second)
    if isinstance(memory := browser.get("memory_mb"), float) and memory > 0:
        found["memory_to_xforms_engine"] = ratio(mine, "memory_mb", memory)
    return found


def ratio(mine: Figures, figure: str, limit: float) -> float | str:
    """Return one figure over its limit."""
    value = mine.get(figure)
    return round(value / limit, 3) if isinstance(value, float) else "not measured"


def measured(data: Path, wanted: Sequence[str]) -> dict[str, Any]:
    """Return the figures of every engine on every form, with ours beside its goals."""
    makers, missing = peers_here()
    results: dict[str, Any] = {"missing": missing} if missing else {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name in wanted:
            form = folder / name / "form.xml"
            form.parent.mkdir()
            form.write_bytes(
                villages(form.parent)
                if name == "villages_100000"
                else convert(data / "forms" / f"{name}.xlsx").xform
            )
            print(f"  {name}", file=sys.stderr, flush=True)
            theirs: dict[str, Figures] = {}
            for engine, make in makers.items():
                with make() as peer:
                    theirs[engine] = timed(peer, name, form)
            mine = ours(name, form)
            results[name] = {"ours": mine, **theirs, "goals": goals(name, mine, theirs)}
    missed = {
        f"{name}.{goal}": value
        for name in wanted
        for goal, value in results[name]["goals"].items()
        if isinstance(value, str) or value > 1
    }
    return {**results, "missed": missed}


def main() -> None:
    """Print the figures as one JSON line; forms may be named as arguments."""
    data = shared_data()
    if data is None:
        print(json.dumps({"skipped": "the shared forms are not beside this checkout"}))
        return
    print(json.dumps(measured(data, sys.argv[1:] or list(STEPS))))


if __name__ == "__main__":
    main()
