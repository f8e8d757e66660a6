"""The respondent's slip: a code to withdraw, as words to copy and as a QR code to photograph."""

from mobile_client.presenters.receipt import ReceiptPresenter, ReceiptState
from mobile_client.screens.base import ScreenPage
from mobile_client.text.speech import say
from mobile_client.widgets.base import Column, Space
from mobile_client.widgets.button import PushButton
from mobile_client.widgets.card import Card
from mobile_client.widgets.page import BottomBar, TopBar
from mobile_client.widgets.qr import QrImage
from mobile_client.widgets.text import Icon, Text
from mobile_client.widgets.theme import dp


class ReceiptScreen(ScreenPage[ReceiptPresenter]):
    """Draws `ReceiptPresenter`."""

    def build(self, state: ReceiptState) -> None:
        """Draw the seal, the code and what it is for."""
        head = Column(spacing=dp(4))
        head.add_widget(Icon("done", 56, "ok", pos_hint={"center_x": 0.5}))
        head.add_widget(Text(say("Sealed"), "title", bold=True, align="center"))
        card = Card()
        card.add_widget(Text(say("For the respondent"), "heading", bold=True, align="center"))
        card.add_widget(
            Text(
                say("With this code they can have their record erased. It names nobody."),
                "small",
                "muted",
                align="center",
            )
        )
        code = Column(spacing=0)
        code.add_widget(Text("\u2066" + "  ".join(state.groups[:2]) + "\u2069", "title", bold=True,
                             align="center"))  # fmt: skip
        code.add_widget(Text("\u2066" + "  ".join(state.groups[2:]) + "\u2069", "title", bold=True,
                             align="center"))  # fmt: skip
        card.add_widget(code)
        card.add_widget(QrImage(state.code, 220))
        self.add(head, card, Space(2))
        later = PushButton(say("Later"), self.presenter.later, kind="outline", fit=True)
        given = PushButton(say("They have it"), self.presenter.given, icon="check")
        self.replace_bars(TopBar(say("Receipt")), BottomBar(later, given))

    def go_on(self) -> bool:
        """The respondent has it."""
        self.presenter.given()
        return True

    def go_back(self) -> bool:
        """Not yet."""
        self.presenter.later()
        return True
