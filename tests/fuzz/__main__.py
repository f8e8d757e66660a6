"""Fuzz every parser in turn, or those named: `python tests/fuzz [--seconds N] [TARGET ...]`.

Each target runs in a process of its own, bounded in memory and in time for one input. What breaks
one is kept under build/fuzz; mend the parser, then put the input under tests/vectors/found, where
the fast suite tries it again for ever.
"""

import argparse
import json
import os
import re
import sys
from hashlib import sha256
from pathlib import Path

import atheris
import pyxform.xls2xform  # noqa: F401 - loaded late, it would count as a slow input

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]
MEMORY_MB = 1024
ONE_INPUT_S = 10

# Instrumented once, here; each target is then a fork of this process.
with atheris.instrument_imports(include=["shared", "sync", "server.governance", "mobile_client"]):
    from fuzz_targets import TARGETS, attempt, found


def corpus_of(name: str, folder: Path) -> Path:
    """Lay the seeds of a target out; what earlier runs learned stays beside them."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for data in (*TARGETS[name].seeds(), *found(name)):
        (corpus / sha256(data).hexdigest()[:16]).write_bytes(data)
    return corpus


def fuzz(name: str, seconds: int) -> dict[str, object]:
    """Run one target; return what came of it."""
    folder = ROOT / "build" / "fuzz" / name.replace(" ", "_")
    corpus = corpus_of(name, folder)
    log = folder / "log"
    child = os.fork()
    if child == 0:
        run_here(name, seconds, corpus, log)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    said = log.read_text(errors="replace")
    runs = re.search(r"number_of_executed_units: (\d+)", said)
    covered = re.findall(r"cov: (\d+)", said)
    broke_on = [p.name for p in folder.iterdir() if re.match("crash-|timeout-|oom-", p.name)]
    return {
        "target": name,
        "good": status == 0,
        "runs": int(runs.group(1)) if runs else 0,
        "covered": int(covered[-1]) if covered else 0,
        "broke_on": broke_on,
    }


def run_here(name: str, seconds: int, corpus: Path, log: Path) -> None:
    """Hand this process over to libFuzzer, which ends it."""
    with log.open("wb") as sink:
        os.dup2(sink.fileno(), 1)
        os.dup2(sink.fileno(), 2)
    words = [
        sys.argv[0],
        str(corpus),
        f"-max_total_time={seconds}",
        f"-max_len={TARGETS[name].bytes_max}",
        f"-timeout={ONE_INPUT_S}",
        f"-rss_limit_mb={MEMORY_MB}",
        f"-artifact_prefix={log.parent}/",
        "-print_final_stats=1",
    ]

    def try_one(data: bytes) -> None:
        try:
            attempt(name, bytes(data))
        except BaseException:
            (log.parent / f"crash-{sha256(data).hexdigest()[:16]}").write_bytes(data)
            raise

    atheris.Setup(words, try_one)
    atheris.Fuzz()
    os._exit(0)


def main() -> int:
    """Fuzz; return 1 when a target broke."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--seconds", type=int, default=60, help="for each target")
    reader.add_argument("targets", nargs="*", metavar="TARGET", help="all where none is named")
    given = reader.parse_args()
    if unknown := set(given.targets) - set(TARGETS):
        sys.exit(f"no target {', '.join(sorted(unknown))}; there are: {', '.join(TARGETS)}")
    good = True
    for name in given.targets or TARGETS:
        result = fuzz(name, given.seconds)
        good = good and bool(result["good"])
        print(json.dumps(result), flush=True)  # noqa: T201 - progress for people
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
