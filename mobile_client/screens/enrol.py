"""Joining a project: the code, what it says, then this device, its first enumerator and a vault."""

from collections.abc import Hashable

from mobile_client.presenters.enrol import EnrolPresenter, EnrolState
from mobile_client.screens.base import ScreenPage
from mobile_client.screens.frame import Frame
from mobile_client.screens.passphrase import NewPassphrase
from mobile_client.screens.words import say_when
from mobile_client.text.speech import say
from mobile_client.widgets.banner import Banner
from mobile_client.widgets.base import Space
from mobile_client.widgets.button import PushButton
from mobile_client.widgets.card import Card
from mobile_client.widgets.field import FieldKind
from mobile_client.widgets.labelled import LabelledField
from mobile_client.widgets.logo import Logo
from mobile_client.widgets.page import BottomBar
from mobile_client.widgets.text import Text


class EnrolScreen(ScreenPage[EnrolPresenter]):
    """Draws `EnrolPresenter`."""

    def __init__(self, frame: Frame, presenter: EnrolPresenter) -> None:
        self._passphrase: NewPassphrase | None = None
        super().__init__(frame, presenter)

    def shape(self, state: EnrolState) -> Hashable:
        """Rebuild for another stage or while working, not for each letter typed."""
        return state.stage, state.code, state.busy

    def build(self, state: EnrolState) -> None:
        """Draw the stage."""
        if state.stage == "code":
            self._build_code(state)
        else:
            self._build_person(state)

    def refresh(self, state: EnrolState) -> None:
        """Show the strength of what is being typed."""
        if self._passphrase is not None:
            self._passphrase.show(state.strength_bits, state.bits_needed)

    def go_on(self) -> bool:
        """Read the code, or join."""
        if self.presenter.state.stage == "code":
            self._read()
        else:
            self._join()
        return True

    def go_back(self) -> bool:
        """Go back to the code."""
        if self.presenter.state.stage == "code":
            return False
        self.presenter.another_code()
        return True

    def _build_code(self, state: EnrolState) -> None:
        self._passphrase = None
        kind = FieldKind(lines=4, role="small", hint=say("Paste the code here"))
        self._code = LabelledField(say("Enrolment code"), state.code_text, kind)
        self.add(
            Space(12),
            Logo(),
            Space(4),
            Text(say("Join a project"), "display", bold=True, align="center"),
            Text(
                say(
                    "Your coordinator has a code for this device. "
                    "It works once and says where the project's server is."
                ),
                colour="muted",
                align="center",
            ),
            Space(8),
            self._code,
        )
        self.replace_bars(
            None, BottomBar(PushButton(say("Read the code"), self._read, icon="next"))
        )

    def _build_person(self, state: EnrolState) -> None:
        code = state.code
        if code is None:
            return
        self._device = LabelledField(
            say("Name of this device"), kind=FieldKind(hint=say("for example: Tablet 7"))
        )
        self._name = LabelledField(say("Your name"))
        self._passphrase = NewPassphrase(self.presenter.weigh, self._join)
        card = Card()
        card.fact(say("Project"), code.project)
        card.fact(say("Server"), "\n".join(code.addresses))
        card.fact(say("Fingerprint"), _grouped(code.fingerprint))
        card.fact(say("Code ends"), say_when(code.expires_ms, self.frame.now()))
        self.add(
            Text(say("Check with your coordinator"), "title", bold=True),
            card,
            Space(6),
            Text(say("This device and you"), "title", bold=True),
            self._device,
            self._name,
            self._passphrase,
            Banner(
                say(
                    "Nobody can recover a forgotten passphrase. What is sealed is not lost with it."
                ),
                "plain",
                "key",
            ),
        )
        join = PushButton(
            say("Joining…") if state.busy else say("Join"),
            self._join,
            icon="" if state.busy else "next",
        )
        join.disabled = state.busy
        other = PushButton(say("Other code"), self.presenter.another_code, kind="outline", fit=True)
        self.replace_bars(None, BottomBar(other, join))

    def _read(self) -> None:
        self.presenter.enter_code(self._code.field.text)

    def _join(self) -> None:
        if self._passphrase is None:
            return
        first, second = self._passphrase.texts
        self.presenter.join(self._device.field.text, self._name.field.text, first, second)


def _grouped(fingerprint: str) -> str:
    """Return hexadecimal digits in fours: two people compare them aloud."""
    if not fingerprint.isalnum():
        return fingerprint
    return " ".join(fingerprint[place : place + 4] for place in range(0, len(fingerprint), 4))
