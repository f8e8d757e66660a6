"""The base of all presenters: one frozen state, and everyone who wants to hear of the next."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Protocol, TypeVar

from shared.errors import CairnError

StateT = TypeVar("StateT")
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence for the person: what happened and what to do.

    Attributes:
        text: English sentence and catalogue key, with `{name}` for each of `values`.
        values: what goes into the placeholders.
        code: stable error code, "" where it is no error.
    """

    text: str
    values: Mapping[str, str | int] = field(default_factory=dict)
    code: str = ""

    def __str__(self) -> str:
        """The English sentence, filled in."""
        return self.text.format_map(self.values) if self.values else self.text


def notice_of(error: CairnError) -> Notice:
    """Return the notice that shows a deliberate error."""
    return Notice(error.message, code=error.code)


class Work(Protocol):
    """Runs what may take longer than a frame, and hands the result back to the drawing thread."""

    def run(
        self,
        job: Callable[[], ResultT],
        done: Callable[[ResultT], None],
        failed: Callable[[CairnError], None],
    ) -> None:
        """Run `job` elsewhere, then call `done` or, on a deliberate error, `failed`."""
        ...

    def post(self, call: Callable[[], None]) -> None:
        """Call back on the drawing thread: for progress told from inside a job."""
        ...


class InlineWork:
    """Runs everything at once in the calling thread: the headless client and the tests."""

    def run(
        self,
        job: Callable[[], ResultT],
        done: Callable[[ResultT], None],
        failed: Callable[[CairnError], None],
    ) -> None:
        """Run `job` now."""
        try:
            result = job()
        except CairnError as error:
            failed(error)
            return
        done(result)

    def post(self, call: Callable[[], None]) -> None:
        """Call now."""
        call()


class Presenter(Generic[StateT]):
    """Holds the view-state of one screen."""

    def __init__(self, state: StateT) -> None:
        self._state = state
        self._subscribers: list[Callable[[StateT], None]] = []

    @property
    def state(self) -> StateT:
        """What the screen shows now."""
        return self._state

    def subscribe(self, callback: Callable[[StateT], None]) -> Callable[[], None]:
        """Call `callback` with the state now and after each change; return the way to stop."""
        self._subscribers.append(callback)
        callback(self._state)

        def stop() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return stop

    def _set(self, state: StateT) -> None:
        """Take a new state and tell every subscriber; equal states are not told."""
        if state == self._state:
            return
        self._state = state
        for callback in tuple(self._subscribers):
            callback(state)

    def _change(self, **changes: Any) -> None:
        """Replace some fields of the state."""
        self._set(replace(self._state, **changes))  # type: ignore[type-var]
