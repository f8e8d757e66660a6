"""Joining a project: paste or scan the code, name the device, make the first enumerator's vault.

The vault comes first: the key that opens the device's mailbox is sealed in it and never lies in
the clear. The passphrase is an argument of `join` and never part of the state.
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
        stage: code (nothing read yet), then person (device, name and passphrase, then join).
        code: what the code says, None before one was read.
        strength_bits: of the passphrase typed last, by estimate.
    """

    stage: str = "code"
    code_text: str = ""
    code: CodeView | None = None
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

    def __init__(self, ports: EnrolServices, work: Work, *, on_done: Callable[[], None]) -> None:
        super().__init__(EnrolState(bits_needed=ports.bits_needed()))
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
        self._change(stage="person", code_text=text, code=code, notice=None)

    def another_code(self) -> None:
        """Go back to the code."""
        self._change(stage="code", code_text="", code=None, notice=None)

    def weigh(self, passphrase: str) -> None:
        """Show how strong a passphrase being typed is."""
        self._change(strength_bits=self._ports.passphrase_bits(passphrase))

    def join(self, device_label: str, name: str, passphrase: str, repeated: str) -> None:
        """Make the vault, enrol this device and open the vault.

        After an error it can be called again, also with a new code: the vault made before is used.
        """
        code = self.state.code_text
        if self.state.busy or self.state.stage != "person":
            return
        if not device_label.strip() or not name.strip():
            self._change(notice=Notice("Name this device and yourself, for example: Tablet 7."))
            return
        if passphrase != repeated:
            self._change(notice=Notice("The two passphrases differ. Type them again."))
            return
        self._change(busy=True, notice=None)
        self._work.run(
            lambda: self._ports.join(code, device_label.strip(), name.strip(), passphrase),
            lambda _: self._done(),
            self._failed,
        )

    def _done(self) -> None:
        self._change(busy=False)
        self._on_done()

    def _failed(self, error: CairnError) -> None:
        self._change(busy=False, notice=notice_of(error))
