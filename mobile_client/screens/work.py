"""Long work off the drawing thread, its results back on it.

A job runs in one of two threads; what it reports goes through a queue that the window empties
between frames. An error that is not ours is raised in the window's thread: it is a bug and must be
seen, not swallowed by a pool.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final, TypeVar

from shared.errors import CairnError

_THREADS: Final = 2
ResultT = TypeVar("ResultT")


class ThreadWork:
    """Implements `presenters.presenter.Work`; `poll` must be called often by the drawing thread."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="cairn")
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._running = 0

    @property
    def busy(self) -> bool:
        """Whether a job runs or a result waits."""
        return self._running > 0 or not self._calls.empty()

    def run(
        self,
        job: Callable[[], ResultT],
        done: Callable[[ResultT], None],
        failed: Callable[[CairnError], None],
    ) -> None:
        """Run `job` in a thread, then `done` or `failed` where `poll` is called."""
        self._running += 1

        def ended(report: Callable[[], None]) -> None:
            self._running -= 1
            report()

        def work() -> None:
            try:
                result = job()
            except CairnError as error:
                self._calls.put(partial(ended, partial(failed, error)))
            except BaseException as error:  # noqa: BLE001 - raised again in the drawing thread
                self._calls.put(partial(ended, partial(_throw, error)))
            else:
                self._calls.put(partial(ended, partial(done, result)))

        self._pool.submit(work)

    def post(self, call: Callable[[], None]) -> None:
        """Call back where `poll` is called."""
        self._calls.put(call)

    def poll(self, *_: object) -> None:
        """Make the calls that wait; called by the drawing thread."""
        while True:
            try:
                call = self._calls.get_nowait()
            except Empty:
                return
            call()

    def close(self) -> None:
        """Wait for what runs; a hand-over is safe to interrupt, a seal is short."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _throw(error: BaseException) -> None:
    raise error
