"""The intake worker: a loop beside the requests, in a thread or a process of its own. INTK-003.

Any number may run side by side: they share work by lease, and one that was killed leaves nothing
but a lease that runs out.
"""

import gc
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from server.intake.pipeline import Intake, Step
from server.mission import Mission
from shared.errors import CairnError

IDLE_S: Final = 0.5
"""How long a worker that found nothing waits before it looks again."""
FAILED_S: Final = 5.0
"""How long it waits after a store was busy or full."""

GC_OBJECTS: Final = 100_000
"""Objects made before Python looks for dead cycles: some 50 MB at most."""

_log = logging.getLogger(__name__)


def drain(mission: Mission) -> Step:
    """Take in everything that waits and return what was done.

    Raises:
        PolicyDenied: policy does not let intake work.
        StoreError: a store cannot be written; what was taken in stays so.
    """
    intake = Intake(mission)
    try:
        return intake.drain()
    finally:
        intake.close()


def work_until(mission: Mission, stop: Callable[[float], bool]) -> None:
    """Take in what comes until told to stop.

    Args:
        mission: with its keys unlocked; not shared with another thread's keychain changes.
        stop: waits that many seconds and tells whether to end, e.g. `threading.Event().wait`.
    """
    intake = Intake(mission)
    _collect_rarely()
    try:
        pause_s = 0.0
        while not stop(pause_s):
            try:
                pause_s = IDLE_S if intake.step().idle else 0.0
            except CairnError as error:
                # A full disk or a policy that forbids is mended by a person; the entries wait.
                _log.error("intake pauses: %s [%s]", error.message, error.code)
                pause_s = FAILED_S
    finally:
        intake.close()


def _collect_rarely() -> None:
    """Have Python look for cycles of dead objects every 100,000 objects instead of every 700.

    A batch holds hundreds of opened records, which make no cycles, and looking through them again
    and again took a fifth of intake. What is loaded by now stays, and is not looked at any more.
    """
    gc.freeze()
    gc.set_threshold(GC_OBJECTS, *gc.get_threshold()[1:])


class WorkerThread:
    """A worker in a thread of the server's process; it opens its own stores."""

    def __init__(self, open_mission: Callable[[], Mission]) -> None:
        self._open = open_mission
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cairn-intake", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout_s: float = 30.0) -> None:
        """End after the batch at hand."""
        self._stop.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        mission = self._open()
        try:
            work_until(mission, self._stop.wait)
        finally:
            mission.close()


class WorkerProcesses:
    """Workers in processes of their own, started again when one dies."""

    def __init__(self, home: Path, passphrase: str, number: int) -> None:
        self._home = home
        self._passphrase = passphrase
        self._number = number
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start all of them."""
        self._running = [self._spawn() for _ in range(self._number)]

    def tend(self) -> int:
        """Start again those that ended; return how many. To be called now and then."""
        again = 0
        for place, process in enumerate(self._running):
            code = process.poll()
            if code is not None:
                _log.warning("an intake worker ended with %d; starting another", code)
                self._running[place] = self._spawn()
                again += 1
        return again

    def stop(self, timeout_s: float = 30.0) -> None:
        """End each after the batch at hand; a kill would lose nothing either."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            try:
                process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running = []

    @property
    def ids(self) -> list[int]:
        """Process ids."""
        return [process.pid for process in self._running]

    def _spawn(self) -> subprocess.Popen[bytes]:
        """Start one; the passphrase goes by a pipe, which no other process can list."""
        reader, writer = os.pipe()
        try:
            command = [sys.executable, "-m", "cairn", "server", "work", str(self._home)]
            process = subprocess.Popen(  # noqa: S603 - our own interpreter on our own module
                [*command, "--passphrase-fd", str(reader)], pass_fds=[reader]
            )
            os.write(writer, self._passphrase.encode() + b"\n")
        finally:
            os.close(reader)
            os.close(writer)
        return process
