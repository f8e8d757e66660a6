"""Telling the demonstration: progress while it runs, then a short story with its counts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

_TITLES: Final = {
    "office": "Opening the mission office, hub and HQ site",
    "devices": "Enrolling four devices, five enumerators",
    "interviews": "Three rounds of interviews",
}


class Story:
    """Writes to one console."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def progress(self, part: str, total: int) -> Iterator[Callable[[int], None]]:
        """Show a bar while a part runs; yields what moves it on."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._console) as bar:
            task = bar.add_task(_TITLES[part], total=total)
            yield lambda steps: bar.advance(task, steps)

    def tell(self, sentence: str) -> None:
        """Say one sentence."""
        self._console.print(sentence)

    def sums(self, summary: dict[str, Any]) -> None:
        """Tell what happened, with counts that add up."""
        s = summary
        hits = sum(s["canary_plaintext_hits"].values())
        for line in (
            f"{s['started']} interviews were begun: {s['refused']} people refused, "
            f"{s['abandoned']} interviews were broken off, {s['finalized']} were sealed.",
            f"{s['received']} revisions reached the mission server: {s['resolved']} are merged, "
            f"{s['held']} wait for others, {s['quarantined']} stand aside with their reason.",
            f"{s['conflicts']} answer was disputed by two tablets and settled by the coordinator; "
            f"{s['withdrawn']} family withdrew with the code on its slip.",
            f"{s['live_records']} records live and give {s['analytic_rows']} analytic rows.",
            f"{s['released_cells']} numbers are published and {s['suppressed_cells']} hidden; "
            f"{s['wrong_cells']} differ from the truth.",
            f"Names and phone numbers found in the clear anywhere: {hits}.",
        ):
            self._console.print(line)
