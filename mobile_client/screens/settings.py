"""Settings: language, look, idle lock, passphrase, what this device is, and the panic gesture."""

from collections.abc import Hashable
from dataclasses import replace
from functools import partial
from typing import Final

from mobile_client.presenters.settings import SettingsPresenter, SettingsState
from mobile_client.screens.base import ScreenPage
from mobile_client.screens.frame import Frame
from mobile_client.screens.upgrade import UpgradeSection
from mobile_client.text.catalogue import LANGUAGES
from mobile_client.text.speech import key, say, say_count
from mobile_client.widgets.base import Column, EvenRow, Space
from mobile_client.widgets.button import PushButton
from mobile_client.widgets.card import Card
from mobile_client.widgets.choice import ChoiceCell, ChoiceRow
from mobile_client.widgets.field import FieldKind
from mobile_client.widgets.labelled import LabelledField
from mobile_client.widgets.listrow import Heading
from mobile_client.widgets.overlay import Dialog
from mobile_client.widgets.page import TopBar
from mobile_client.widgets.text import Text
from mobile_client.widgets.theme import dp

_PALETTES: Final = (
    ("light", key("Light")),
    ("dark", key("Dark")),
    ("sun", key("Bright sun")),
)
_SIZES: Final = (100, 125, 150, 200)
_IDLE_S: Final = (60, 300, 900)


class SettingsScreen(ScreenPage[SettingsPresenter]):
    """Draws `SettingsPresenter`."""

    def __init__(self, frame: Frame, presenter: SettingsPresenter) -> None:
        self._upgrade = UpgradeSection(frame, presenter)
        super().__init__(frame, presenter)

    def shape(self, state: SettingsState) -> Hashable:
        """Rebuild for everything but the sentence on top."""
        return replace(state, notice=None)

    def build(self, state: SettingsState) -> None:
        """Draw the choices; each takes effect at once."""
        preferences = state.preferences
        self.add(Heading(say("Language of the screens")))
        languages = Column(spacing=dp(8))
        for language in LANGUAGES:
            choose = partial(self.presenter.change, language=language.tag)
            chosen = language.tag == preferences.language
            languages.add_widget(ChoiceRow(language.name, choose, selected=chosen))
        self.add(languages, Heading(say("Colours")))
        self.add(
            self._cells([(say(word), "palette", name, name == preferences.palette)
                         for name, word in _PALETTES])
        )  # fmt: skip
        self.add(Heading(say("Size of text")))
        self.add(
            self._cells([(f"{size} %", "text_percent", size, size == preferences.text_percent)
                         for size in _SIZES])
        )  # fmt: skip
        self.add(Heading(say("Lock when nobody touches it")))
        self.add(
            self._cells(
                [
                    (say_count("{n} minute", "{n} minutes", seconds // 60), "idle_lock_s", seconds,
                     seconds == preferences.idle_lock_s)
                    for seconds in _IDLE_S
                ]
            )
        )  # fmt: skip
        self._add_device(state)
        self.add(*self._upgrade.widgets(state.upgrade, busy=state.busy))
        self._add_vault(state)
        top = TopBar(say("Settings"), back=self.presenter.leave, back_label=say("Back"))
        self.replace_bars(top, None)

    def go_back(self) -> bool:
        """Leave."""
        self.presenter.leave()
        return True

    def _cells(self, cells: list[tuple[str, str, str | int, bool]]) -> EvenRow:
        row = EvenRow(spacing=dp(8))
        for words, name, value, chosen in cells:
            change = partial(self.presenter.change, **{name: value})
            row.add_widget(ChoiceCell(words, change, selected=chosen))
        return row

    def _add_device(self, state: SettingsState) -> None:
        facts = state.facts
        card = Card()
        for name, value in (
            (say("Project"), facts.project),
            (say("Device"), facts.author),
            (say("Fingerprint"), facts.fingerprint),
            (say("Version"), facts.version),
        ):
            if value:
                card.fact(name, value)
        self.add(Space(4), Heading(say("This device")), card)

    def _add_vault(self, state: SettingsState) -> None:
        change = PushButton(say("Change the passphrase"), self._ask_passphrase, kind="outline",
                            icon="key")  # fmt: skip
        change.disabled = state.busy
        self.add(
            Space(4),
            Heading(say("Your vault")),
            change,
            PushButton(say("Destroy the vault"), self._ask_destroy, kind="danger", icon="panic"),
        )

    def _ask_passphrase(self) -> None:
        stage = self.frame.stage
        kind = FieldKind(secret=True)
        fields = [
            LabelledField(say("Passphrase now"), kind=kind),
            LabelledField(say("New passphrase"), kind=kind),
            LabelledField(say("New passphrase again"), kind=kind),
        ]

        def change() -> None:
            old, new, again = (field.field.text for field in fields)
            stage.close()
            self.presenter.change_passphrase(old, new, again)

        stage.open(
            Dialog(
                say("Change the passphrase"),
                fields,
                [
                    PushButton(say("Change"), change, icon="check"),
                    PushButton(say("Cancel"), stage.close, kind="tonal"),
                ],
                stage.close,
            )
        )

    def _ask_destroy(self) -> None:
        stage = self.frame.stage

        def destroy() -> None:
            stage.close()
            self.presenter.destroy_vault()

        stage.open(
            Dialog(
                say("Destroy the vault?"),
                [Text(say(self.presenter.state.loss_note), colour="muted")],
                [
                    PushButton(say("Destroy it now"), destroy, kind="danger", icon="panic"),
                    PushButton(say("Keep it"), stage.close, kind="tonal"),
                ],
                stage.close,
            )
        )
