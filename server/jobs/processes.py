"""Intake in processes of its own, beside the one that answers devices. INTK-003.

Opening and merging need the interpreter, so they get processes; the keys go to them through the
pipe that starts them, never through arguments or files. One whose parent died ends by itself.
"""

import multiprocessing
import os
import signal
import threading
from dataclasses import dataclass, field
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Final

from server.commands.console import SystemClock
from server.governance.keychain import decode_keychain, encode_keychain
from server.jobs.worker import work_until
from server.mission import Mission

STOP_S: Final = 20.0
"""How long a worker may take to finish the batch at hand."""


@dataclass
class WorkerProcesses:
    """The workers of one running server."""

    mission: Mission
    count: int
    _running: list[SpawnProcess] = field(default_factory=list)

    def start(self) -> None:
        """Start them."""
        context = multiprocessing.get_context("spawn")
        keys = encode_keychain(self.mission.keychain)
        for number in range(self.count):
            process = context.Process(
                target=_work,
                args=(self.mission.settings.home, keys, os.getpid()),
                name=f"cairn-intake-{number}",
                daemon=True,
            )
            process.start()
            self._running.append(process)

    def stop(self) -> None:
        """Have them end after the batch at hand; insist where one does not."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            process.join(STOP_S)
            if process.is_alive():
                process.kill()
                process.join()


def _work(home: Path, keys: bytes, parent: int) -> None:
    """Take in what comes until told to end, or until the server is gone."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: ended.set())
    # Ctrl-C goes to the whole group; the server tells its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def stop(pause_s: float) -> bool:
        return ended.wait(pause_s) or os.getppid() != parent

    mission = Mission.open(home, SystemClock())
    mission.keys = decode_keychain(keys)
    try:
        work_until(mission, stop)
    finally:
        mission.close()
