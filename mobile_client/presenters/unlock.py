"""Unlocking: whose vault, the passphrase, and the wait after wrong tries.

Wrong tries slow down and never wipe. The passphrase is an argument, never part of the state.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from mobile_client.presenters.ports import UnlockServices
from mobile_client.presenters.presenter import Notice, Presenter, Work, notice_of
from mobile_client.presenters.rows import EnumeratorRow
from mobile_client.presenters.status import Banner, Counts
from shared.errors import CairnError


@dataclass(frozen=True, slots=True)
class UnlockState:
    """What the lock screen shows.

    Attributes:
        chosen: id of the enumerator chosen, "" while nobody is.
        wait_s: whole seconds until the next try is taken.
        adding: the form for one more enumerator is open.
    """

    enumerators: tuple[EnumeratorRow, ...] = ()
    chosen: str = ""
    wait_s: int = 0
    busy: bool = False
    adding: bool = False
    strength_bits: float = 0.0
    bits_needed: float = 0.0
    counts: Counts = field(default_factory=Counts)
    banner: Banner = field(default_factory=Banner)
    notice: Notice | None = None

    @property
    def strong_enough(self) -> bool:
        """Whether the passphrase typed last passes policy's floor."""
        return self.strength_bits >= self.bits_needed > 0


class UnlockPresenter(Presenter[UnlockState]):
    """Opens one of the vaults on this device."""

    def __init__(self, ports: UnlockServices, work: Work, *, on_done: Callable[[], None]) -> None:
        super().__init__(UnlockState())
        self._ports = ports
        self._work = work
        self._on_done = on_done
        self.refresh()

    def refresh(self) -> None:
        """Read who is here and what waits."""
        people = self._ports.enumerators()
        chosen = self.state.chosen or (people[0].id if len(people) == 1 else "")
        self._change(
            enumerators=people,
            chosen=chosen,
            bits_needed=self._ports.bits_needed(),
            counts=self._ports.counts(),
            banner=self._ports.banner(),
            wait_s=self._wait(chosen),
        )

    def choose(self, enumerator: str) -> None:
        """Choose whose vault to open."""
        self._change(chosen=enumerator, wait_s=self._wait(enumerator), notice=None)

    def tick(self) -> None:
        """Count the wait down; called about once a second."""
        self._change(wait_s=self._wait(self.state.chosen))

    def unlock(self, passphrase: str) -> None:
        """Try a passphrase."""
        chosen = self.state.chosen
        if self.state.busy:
            return
        if not chosen:
            self._change(notice=Notice("Choose your name first."))
            return
        self._change(busy=True, notice=None)
        self._work.run(
            lambda: self._ports.unlock(chosen, passphrase), lambda _: self._done(), self._failed
        )

    def add(self) -> None:
        """Open the form for one more enumerator."""
        self._change(adding=True, strength_bits=0.0, notice=None)

    def cancel_add(self) -> None:
        """Close that form."""
        self._change(adding=False, notice=None)

    def weigh(self, passphrase: str) -> None:
        """Show how strong a passphrase being typed is."""
        self._change(strength_bits=self._ports.passphrase_bits(passphrase))

    def add_enumerator(self, name: str, passphrase: str, repeated: str) -> None:
        """Make one more vault and open it."""
        if self.state.busy:
            return
        if passphrase != repeated:
            self._change(notice=Notice("The two passphrases differ. Type them again."))
            return
        self._change(busy=True, notice=None)

        def job() -> None:
            enumerator = self._ports.add_enumerator(name, passphrase)
            self._ports.unlock(enumerator, passphrase)

        self._work.run(job, lambda _: self._done(), self._failed)

    def _wait(self, enumerator: str) -> int:
        return int(-(-self._ports.wait_s(enumerator) // 1)) if enumerator else 0

    def _done(self) -> None:
        self._change(busy=False, adding=False, wait_s=0, notice=None)
        self._on_done()

    def _failed(self, error: CairnError) -> None:
        self._change(busy=False, notice=notice_of(error), wait_s=self._wait(self.state.chosen))
