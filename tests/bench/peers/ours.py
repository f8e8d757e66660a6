"""Our engine over JSON lines with the operations of the peers, so that all are timed alike."""

import gc
import json
import os
import statistics
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.errors import CairnError
from shared.forms.cache import dump_form, load_form
from shared.forms.interview import Interview
from shared.forms.sources import read_attachment
from shared.forms.xform import read_form
from shared.forms.xpath.tables import Instance

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)


class Ours:
    """One form being filled."""

    def __init__(self) -> None:
        self.xform = b""
        self.cache = b""
        self.media: dict[str, Instance] = {}
        self.interview: Interview

    def run(self, request: Mapping[str, Any]) -> Any:
        """Return what one operation gives."""
        op, path = request["op"], request.get("path", "")
        if op == "load":
            self.xform = Path(request["xform"]).read_bytes()
            self.media = _media(Path(request["media"]))
            self.begin(cached=False)
            self.cache = dump_form(self.interview.form)
        elif op == "open":
            self.begin(cached=bool(request.get("cached")))
        elif op in ("set", "count"):
            self.interview.set(path, request["value"])
        elif op == "value":
            return self.interview.value(path)
        elif op == "choices":
            return len(self.interview.choices(path))
        elif op == "memory":
            return _memory_mb()
        elif op == "time":
            return self.time(request)
        return None

    def begin(self, *, cached: bool) -> None:
        """Start an interview from the XForm or from its cache."""
        self.interview = Interview(
            load_form(self.cache) if cached else read_form(self.xform),
            clock_now=NOW,
            tz=UTC,
            random_bytes=os.urandom,
            attachments=self.media,
        )

    def time(self, request: Mapping[str, Any]) -> float:
        """Return the median milliseconds of the steps in turn, within a budget of time."""
        steps, budget = request["steps"], request.get("budget_ms", float("inf"))
        spent: list[float] = []
        turn, whole = 0, 0.0
        while len(spent) < request["times"] and (not spent or whole < budget):
            begun = time.perf_counter()
            for one in steps[turn % len(steps)]:
                self.run(one)
            took = (time.perf_counter() - begun) * 1000
            if turn >= request["warm"] or whole > budget / 2:
                spent.append(took)
            whole += took
            turn += 1
        return statistics.median(spent)


def _media(folder: Path) -> dict[str, Instance]:
    return {
        path.name: read_attachment(path.name, path.read_bytes()) for path in folder.glob("*.csv")
    }


def _memory_mb() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1048576


def main() -> None:
    """Answer one line after another."""
    ours = Ours()
    for line in sys.stdin:
        reply: dict[str, Any]
        try:
            reply = {"ok": True, "value": ours.run(json.loads(line))}
        except CairnError as error:
            reply = {"ok": False, "error": error.message}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
