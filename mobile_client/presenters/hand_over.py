"""Handing over: to the mission server, a hub or a bundle file; also while the vault is locked.

Safe to interrupt at any moment: all progress is in the stores of both sides.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from mobile_client.presenters.ports import HandOverServices
from mobile_client.presenters.presenter import Notice, Presenter, Work, notice_of
from mobile_client.presenters.rows import HubRow, HubsFound
from mobile_client.presenters.status import Banner, Counts, Destination, Transfer
from shared.errors import CairnError


@dataclass(frozen=True, slots=True)
class Looking:
    """The search for hubs.

    Attributes:
        phase: "" before the first, running, done, or stopped by the enumerator.
    """

    phase: str = ""
    found: HubsFound = field(default_factory=HubsFound)

    @property
    def is_empty(self) -> bool:
        """Whether it ended without a hub that can be used."""
        usable = any(not row.why_not for row in self.found.rows)
        return self.phase in ("done", "stopped") and not usable


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
    looking: Looking = field(default_factory=Looking)


@dataclass
class _Search:
    """One search: whether it was stopped. Its thread reads this, nobody else's."""

    stopped: bool = False


class HandOverPresenter(Presenter[HandOverState]):
    """Starts, follows and stops a hand-over."""

    def __init__(
        self, ports: HandOverServices, work: Work, *, on_leave: Callable[[], None]
    ) -> None:
        super().__init__(HandOverState())
        self._ports = ports
        self._work = work
        self._stop = False
        self._search = _Search()
        self._on_leave = on_leave
        self.refresh()

    def leave(self) -> None:
        """Go back; a search under way ends."""
        self.stop_looking()
        self._on_leave()

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
        self.stop_looking()
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

    # ---- hubs on the local network

    def look_for_hubs(self) -> None:
        """Look for hubs; what is found shows as it comes (SYNC-096)."""
        if "running" in (self.state.phase, self.state.looking.phase):
            return
        search = self._search = _Search()

        def seen(found: HubsFound) -> None:
            self._work.post(lambda: self._seen(search, Looking("running", found)))

        self._change(looking=Looking("running"), notice=None)
        self._work.run(
            lambda: self._ports.look_for_hubs(seen, lambda: search.stopped),
            lambda found: self._seen(search, Looking("done", found)),
            lambda error: self._seen(search, Looking("done", HubsFound(notice=error.message))),
        )

    def _seen(self, search: "_Search", looking: Looking) -> None:
        """Show what a search says, unless it was stopped or another began."""
        if search is self._search and not search.stopped:
            self._change(looking=looking)

    def stop_looking(self) -> None:
        """End the search; what was found so far stays in the list."""
        if self.state.looking.phase == "running":
            self._search.stopped = True
            self._change(looking=replace(self.state.looking, phase="stopped"))

    def to_found(self, row: HubRow) -> None:
        """Hand over to a hub that was found; one that cannot be used says why."""
        if row.why_not:
            self._change(notice=Notice(row.why_not))
            return
        self.to(Destination("hub", row.label or "Hub", row.address, row.taken_ms))

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
