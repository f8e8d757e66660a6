"""Handing over: to the mission server, a hub or a bundle file; also while the vault is locked.

Safe to interrupt at any moment: all progress is in the stores of both sides.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from mobile_client.presenters.ports import HandOverServices
from mobile_client.presenters.presenter import Notice, Presenter, Work, notice_of
from mobile_client.presenters.status import Banner, Counts, Destination, Transfer
from shared.errors import CairnError


@dataclass(frozen=True, slots=True)
class HandOverState:
    """What the hand-over screen shows.

    Attributes:
        phase: idle, running, done or failed.
        destination: where it is going, None before the first try.
    """

    counts: Counts = field(default_factory=Counts)
    banner: Banner = field(default_factory=Banner)
    destinations: tuple[Destination, ...] = ()
    destination: Destination | None = None
    phase: str = "idle"
    transfer: Transfer = field(default_factory=Transfer)
    notice: Notice | None = None


class HandOverPresenter(Presenter[HandOverState]):
    """Starts, follows and stops a hand-over."""

    def __init__(
        self, ports: HandOverServices, work: Work, *, on_leave: Callable[[], None]
    ) -> None:
        super().__init__(HandOverState())
        self._ports = ports
        self._work = work
        self._stop = False
        self.leave = on_leave
        self.refresh()

    def refresh(self) -> None:
        """Read the counts and destinations again."""
        self._change(
            counts=self._ports.counts(),
            banner=self._ports.banner(),
            destinations=self._ports.destinations(),
        )

    def to(self, destination: Destination) -> None:
        """Hand over to one of the destinations."""
        if self.state.phase == "running":
            return
        self._stop = False
        self._change(phase="running", destination=destination, transfer=Transfer(), notice=None)
        self._work.run(
            lambda: self._ports.hand_over(destination, self._progress, lambda: self._stop),
            self._done,
            self._failed,
        )

    def to_mission(self) -> None:
        """Hand over to the mission server this device enrolled with."""
        for destination in self.state.destinations:
            if destination.kind == "mission":
                self.to(destination)
                return
        self._change(notice=Notice("This device does not know a mission server. Enrol first."))

    def to_hub(self, code: str) -> None:
        """Hand over to the hub whose code was scanned or pasted."""
        self.to(Destination("hub", "Hub", "".join(code.split())))

    def to_bundle(self, path: Path) -> None:
        """Write everything not yet received into one file."""
        self.to(Destination("bundle", path.name, str(path)))

    def take_bundle(self, path: Path) -> None:
        """Apply a bundle that came back: receipts, forms, assignments."""
        if self.state.phase == "running":
            return
        self._change(
            phase="running",
            destination=Destination("bundle", path.name, str(path)),
            transfer=Transfer(),
            notice=None,
        )

        def done(taken: int) -> None:
            self._done(replace(self.state.transfer, entries_taken=taken))

        self._work.run(lambda: self._ports.take_bundle(path), done, self._failed)

    def stop(self) -> None:
        """Stop after the batch under way; nothing sent is lost."""
        self._stop = True

    def _progress(self, transfer: Transfer) -> None:
        self._work.post(lambda: self._change(transfer=transfer, counts=self._ports.counts()))

    def _done(self, transfer: Transfer) -> None:
        notice = (
            Notice("Stopped. What was sent stays sent; go on any time.") if self._stop else None
        )
        self._change(phase="done", transfer=transfer, notice=notice)
        self.refresh()

    def _failed(self, error: CairnError) -> None:
        self._change(phase="failed", notice=notice_of(error))
        self.refresh()
