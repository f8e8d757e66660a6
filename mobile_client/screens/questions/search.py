"""A long list of choices to search: every word typed must stand in the label, in any order."""

import unicodedata
from collections.abc import Callable
from functools import partial

from kivy.uix.boxlayout import BoxLayout

from mobile_client.presenters.views import ChoiceView
from mobile_client.text.markup import parse_markup
from mobile_client.text.speech import say
from mobile_client.widgets.base import Column
from mobile_client.widgets.button import PushButton
from mobile_client.widgets.choice import ChoiceRow
from mobile_client.widgets.field import Field, FieldKind
from mobile_client.widgets.longlist import LongList
from mobile_client.widgets.overlay import Sheet
from mobile_client.widgets.page import BottomBar, TopBar, side_margin
from mobile_client.widgets.theme import dp


def folded(text: str) -> str:
    """Return text as it is searched: lower case, without accents, Arabic letters evened out."""
    text = unicodedata.normalize("NFKD", text.casefold())
    text = "".join(char for char in text if not unicodedata.combining(char))
    return text.translate(_EVEN)


_EVEN = str.maketrans(
    "\u0649\u0629\u0643\u064a\u0640", "\u06cc\u0647\u06a9\u06cc\u0640", "\u0640\u200c"
)


class SearchSheet(Sheet):
    """The list over the screen. `choose` takes a name and returns the choices as they then are."""

    def __init__(
        self,
        title: str,
        choices: tuple[ChoiceView, ...],
        choose: Callable[[str], tuple[ChoiceView, ...]],
        close: Callable[[], object],
        *,
        many: bool,
    ) -> None:
        page = BoxLayout(orientation="vertical")
        page.add_widget(TopBar(parse_markup(title).text, back=close, back_label=say("Back")))
        self.field = Field("", FieldKind(hint=say("Search")), typed=self._narrow)
        self._top = Column(spacing=0)
        self._top.add_widget(self.field)
        page.add_widget(self._top)
        self._many = many
        self._choose = choose
        self._all = choices
        self._labels = {choice.name: folded(parse_markup(choice.label).text) for choice in choices}
        self._shown = choices
        self.list = LongList(len(choices), self._row)
        page.add_widget(self.list)
        if many:
            page.add_widget(BottomBar(PushButton(say("Done"), close, icon="check")))
        super().__init__(page, close, title)
        page.bind(width=self._margins)
        self._margins(page, page.width)
        chosen = next((nth for nth, one in enumerate(choices) if one.selected), 0)
        self.list.reveal(chosen)

    def _margins(self, _: object, width: float) -> None:
        side = side_margin(width)
        self._top.padding = (side, dp(12), side, dp(4))

    def _row(self, index: int) -> ChoiceRow:
        choice = self._shown[index]
        tap = partial(self._take, choice.name)
        row = ChoiceRow(choice.label, tap, selected=choice.selected, many=self._many)
        row.lines_max = 2
        return row

    def _take(self, name: str) -> None:
        self._all = self._choose(name)
        if not self._many:
            return
        by_name = {choice.name: choice for choice in self._all}
        self._shown = tuple(by_name[choice.name] for choice in self._shown)
        for row in self.list.rows:
            if isinstance(row, ChoiceRow):
                row.select(selected=any(c.selected and c.label == row.source for c in self._shown))

    def _narrow(self, text: str) -> None:
        words = folded(text).split()
        self._shown = tuple(
            choice
            for choice in self._all
            if all(word in self._labels[choice.name] for word in words)
        )
        self.list.show(len(self._shown), self._row)
