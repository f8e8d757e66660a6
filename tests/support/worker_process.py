"""A worker in a process of its own, started quickly, to be killed by a test."""

from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from threading import Event

from mission import PASSPHRASE

from server.commands.console import SystemClock
from server.jobs.worker import work_until
from server.mission import Mission

_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload(["server.jobs.worker", "server.commands.console"])


def work_here(home: Path) -> None:
    """Work until killed."""
    mission = Mission.open(home, SystemClock())
    mission.unlock(PASSPHRASE)
    work_until(mission, Event().wait)


def start_worker(home: Path) -> ForkServerProcess:
    """Start a worker on a server's home."""
    process = _CONTEXT.Process(target=work_here, args=(home,), daemon=True)
    process.start()
    return process
