"""Joining a project: paste or scan the code, name the device, then the first enumerator's vault.

The passphrase is an argument of `finish` and never part of the state.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mobile_client.presenters.ports import CodeView, EnrolServices
from mobile_client.presenters.presenter import Notice, Presenter, Work, notice_of
from shared.errors import CairnError


@dataclass(frozen=True, slots=True)
class EnrolState:
    """What the enrolment screen shows.

    Attributes:
        stage: code (nothing read yet), device (code read, not sent), person (enrolled).
        code: what the code says, None before one was read.
    """

    stage: str = "code"
    code_text: str = ""
    code: CodeView | None = None
    device_label: str = ""
    training: bool = False
    busy: bool = False
    notice: Notice | None = None
    strength_bits: float = 0.0
    bits_needed: float = 0.0

    @property
    def strong_enough(self) -> bool:
        """Whether the passphrase typed last passes policy's floor."""
        return self.strength_bits >= self.bits_needed > 0


class EnrolPresenter(Presenter[EnrolState]):
    """From a pasted code to an open vault."""

    def __init__(
        self,
        ports: EnrolServices,
        work: Work,
        *,
        enrolled: bool,
        on_done: Callable[[], None],
    ) -> None:
        stage = "person" if enrolled else "code"
        super().__init__(EnrolState(stage=stage, bits_needed=ports.bits_needed()))
        self._ports = ports
        self._work = work
        self._on_done = on_done

    def enter_code(self, text: str) -> None:
        """Read a pasted or scanned code."""
        text = "".join(text.split())
        try:
            code = self._ports.read_code(text)
        except CairnError as error:
            self._change(stage="code", code_text=text, code=None, notice=notice_of(error))
            return
        self._change(stage="device", code_text=text, code=code, notice=None)

    def enter_device_label(self, text: str) -> None:
        """Name the device as the coordinator's list shall show it."""
        self._change(device_label=text.strip())

    def choose_training(self, *, training: bool) -> None:
        """Mark the device as one for training: no real people's answers."""
        self._change(training=training)

    def enrol(self) -> None:
        """Send the request; the token works once, so a lost answer may need a new code."""
        state = self.state
        if state.busy or state.stage != "device":
            return
        if not state.device_label:
            self._change(notice=Notice("Name this device first, for example: Tablet 7."))
            return
        self._change(busy=True, notice=None)
        self._work.run(
            lambda: self._ports.enrol(state.code_text, state.device_label, training=state.training),
            lambda _: self._change(
                busy=False, stage="person", bits_needed=self._ports.bits_needed()
            ),
            self._failed,
        )

    def weigh(self, passphrase: str) -> None:
        """Show how strong a passphrase being typed is."""
        self._change(strength_bits=self._ports.passphrase_bits(passphrase))

    def finish(self, name: str, passphrase: str, repeated: str) -> None:
        """Make the first enumerator's vault and open it."""
        if self.state.busy or self.state.stage != "person":
            return
        if passphrase != repeated:
            self._change(notice=Notice("The two passphrases differ. Type them again."))
            return
        self._change(busy=True, notice=None)

        def job() -> None:
            enumerator = self._ports.add_enumerator(name, passphrase)
            self._ports.unlock(enumerator, passphrase)

        self._work.run(job, lambda _: self._finished(), self._failed)

    def _finished(self) -> None:
        self._change(busy=False)
        self._on_done()

    def _failed(self, error: CairnError) -> None:
        self._change(busy=False, notice=notice_of(error))
