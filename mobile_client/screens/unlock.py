"""The lock screen: whose vault, the passphrase, and what waits to be handed over meanwhile."""

from collections.abc import Hashable
from functools import partial

from mobile_client.presenters.unlock import UnlockPresenter, UnlockState
from mobile_client.screens.base import ScreenPage
from mobile_client.screens.frame import Frame
from mobile_client.screens.passphrase import NewPassphrase
from mobile_client.screens.status import status_banner
from mobile_client.text.speech import say, say_count
from mobile_client.widgets.banner import Banner
from mobile_client.widgets.base import Space
from mobile_client.widgets.button import PushButton
from mobile_client.widgets.choice import ChoiceRow
from mobile_client.widgets.field import FieldKind
from mobile_client.widgets.labelled import LabelledField
from mobile_client.widgets.logo import Logo
from mobile_client.widgets.page import BottomBar, TopBar
from mobile_client.widgets.text import Text


class UnlockScreen(ScreenPage[UnlockPresenter]):
    """Draws `UnlockPresenter`."""

    def __init__(self, frame: Frame, presenter: UnlockPresenter) -> None:
        self._new: NewPassphrase | None = None
        self._wait: Banner | None = None
        self._secret: LabelledField | None = None
        super().__init__(frame, presenter)

    def shape(self, state: UnlockState) -> Hashable:
        """Rebuild when people, choice or work change, not for each second or letter."""
        return (
            state.enumerators, state.chosen, state.adding, state.busy, state.counts, state.banner,
            state.wait_s > 0,
        )  # fmt: skip

    def build(self, state: UnlockState) -> None:
        """Draw the lock, or the form for one more enumerator."""
        self._new = self._wait = self._secret = None
        if state.adding:
            self._build_adding(state)
        else:
            self._build_lock(state)

    def refresh(self, state: UnlockState) -> None:
        """Count down, show strength."""
        if self._new is not None:
            self._new.show(state.strength_bits, state.bits_needed)
        if self._wait is not None:
            self._wait.text = _wait_words(state.wait_s)
            self._wait.repaint()

    def go_on(self) -> bool:
        """Unlock, or add."""
        if self.presenter.state.adding:
            self._add()
        else:
            self._unlock()
        return True

    def go_back(self) -> bool:
        """Leave the form for one more enumerator."""
        if self.presenter.state.adding:
            self.presenter.cancel_add()
            return True
        return False

    def digit(self, number: int) -> bool:
        """Choose a name by its place."""
        people = self.presenter.state.enumerators
        if number <= len(people):
            self.presenter.choose(people[number - 1].id)
        return True

    def _build_lock(self, state: UnlockState) -> None:
        self.add(Space(8), Logo(72), Text("Cairn", "title", bold=True, align="center"), Space(4))
        if state.banner.training or state.banner.low_space:
            self.add(status_banner(state.banner, self.frame.now()))
        if len(state.enumerators) > 1:
            self.add(Text(say("Who are you?"), "heading", bold=True))
        for nth, person in enumerate(state.enumerators):
            chosen = person.id == state.chosen
            choose = partial(self.presenter.choose, person.id)
            self.add(ChoiceRow(person.name, choose, selected=chosen, key=nth + 1))
        kind = FieldKind(secret=True)
        self._secret = LabelledField(say("Passphrase"), kind=kind, entered=self._unlock)
        if state.chosen:
            self.add(Space(2), self._secret)
        if state.wait_s > 0:
            self._wait = Banner(_wait_words(state.wait_s), "warn", "wait")
            self.add(self._wait)
        unlock = PushButton(say("Opening…") if state.busy else say("Unlock"), self._unlock,
                            icon="unlock")  # fmt: skip
        unlock.disabled = state.busy or state.wait_s > 0 or not state.chosen
        self.add(unlock, Space(10))
        waiting = state.counts.waiting
        words = say_count(
            "Hand over {n} sealed record", "Hand over {n} sealed records", waiting
        ) if waiting else say("Hand over")  # fmt: skip
        client = self.frame.client
        self.add(
            PushButton(words, client.show_hand_over, kind="tonal", icon="handed_over"),
            PushButton(
                say("Add an enumerator"), self.presenter.add, kind="ghost", icon="person_add"
            ),
        )
        self.replace_bars(None, None)

    def _build_adding(self, state: UnlockState) -> None:
        self._name = LabelledField(say("Your name"))
        self._new = NewPassphrase(self.presenter.weigh, self._add)
        self.add(
            Text(
                say("Each enumerator has a vault of their own. Nobody else's passphrase opens it."),
                colour="muted",
            ),
            self._name,
            self._new,
        )
        add = PushButton(
            say("Making the vault…") if state.busy else say("Add"), self._add, icon="next"
        )
        add.disabled = state.busy
        top = TopBar(
            say("Add an enumerator"), back=self.presenter.cancel_add, back_label=say("Back")
        )
        self.replace_bars(top, BottomBar(add))

    def _unlock(self) -> None:
        if self._secret is not None and not self.presenter.state.busy:
            passphrase = self._secret.field.text
            self._secret.field.text = ""
            self.presenter.unlock(passphrase)

    def _add(self) -> None:
        if self._new is not None:
            self.presenter.add_enumerator(self._name.field.text, *self._new.texts)


def _wait_words(seconds: int) -> str:
    return say_count(
        "Wrong passphrase. Try again in {n} second.",
        "Wrong passphrase. Try again in {n} seconds.",
        seconds,
    )
