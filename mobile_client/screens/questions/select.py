"""Choices: rows, cells of a scale, or one line that opens a list to search."""

from functools import partial
from typing import Final

from kivy.utils import platform

from mobile_client.presenters.views import ChoiceView, QuestionView
from mobile_client.screens.questions.card import QuestionCard
from mobile_client.screens.questions.search import SearchSheet
from mobile_client.text.speech import say
from mobile_client.widgets.base import Column, EvenRow, Row
from mobile_client.widgets.choice import ChoiceCell, ChoiceRow
from mobile_client.widgets.listrow import ListRow
from mobile_client.widgets.theme import dp, theme

ROWS_MAX: Final = 40
"""More choices than this are searched, whatever the form's appearance says."""
_SCALE_MAX: Final = 5
_SEARCHED: Final = frozenset({"minimal", "autocomplete", "search"})
_LAPTOPS: Final = frozenset({"linux", "win", "macosx"})
_WIDE_DP: Final = 600


class SelectQuestion(QuestionCard):
    """Select one or select multiple."""

    @property
    def many(self) -> bool:
        """Whether several answers may be chosen."""
        return self.view.kind == "select_multiple"

    @property
    def can_clear(self) -> bool:
        """A radio button does not come off by touching it again."""
        return not self.many and not self.view.required

    def build(self) -> None:
        """Add rows, cells or the line that opens a list."""
        view = self.view
        self._widgets: dict[str, ChoiceRow | ChoiceCell] = {}
        self._line: ListRow | None = None
        if len(view.choices) > ROWS_MAX or _SEARCHED & view.appearance:
            self._line = ListRow(say("Choose…"), "", self._search, icon="search")
            self.add_widget(self._line)
        elif self._is_scale(view):
            cells = EvenRow(spacing=dp(8))
            for choice in view.choices:
                cells.add_widget(self._cell(choice))
            self.add_widget(cells)
        else:
            self._add_rows(view)

    def follow(self, view: QuestionView) -> None:
        """Show what is chosen."""
        for choice in view.choices:
            widget = self._widgets.get(choice.name)
            if widget is not None:
                widget.select(selected=choice.selected)
        if self._line is not None:
            chosen = [choice.label for choice in view.choices if choice.selected]
            self._line.text = ", ".join(chosen) or say("Choose…")
            self._line.repaint()

    def digit(self, number: int) -> bool:
        """Choose by place."""
        if not 1 <= number <= len(self.view.choices) or self._line is not None:
            return False
        self._choose(self.view.choices[number - 1].name)
        return True

    def _add_rows(self, view: QuestionView) -> None:
        wide = any(word.startswith("columns") for word in view.appearance)
        lines = Column(spacing=dp(10))
        row: Row | None = None
        for nth, choice in enumerate(view.choices):
            key = nth + 1 if self.ask.alone and platform in _LAPTOPS else 0
            widget = ChoiceRow(
                choice.label,
                partial(self._choose, choice.name),
                selected=choice.selected,
                many=self.many,
                key=key,
            )
            widget.disabled = view.readonly
            self._widgets[choice.name] = widget
            if wide and theme.text_percent < 140:  # noqa: PLR2004 - two columns need room
                if row is None or len(row.children) == 2:  # noqa: PLR2004
                    row = Row(spacing=dp(10))
                    lines.add_widget(row)
                row.add_widget(widget)
            else:
                lines.add_widget(self._with_picture(choice, widget))
        self.add_widget(lines)

    def _with_picture(self, choice: ChoiceView, widget: ChoiceRow) -> ChoiceRow | Column:
        picture = self.picture(choice.media.image, 160)
        if picture is None:
            return widget
        pair = Column(spacing=dp(4))
        pair.add_widget(picture)
        pair.add_widget(widget)
        return pair

    def _cell(self, choice: ChoiceView) -> ChoiceCell:
        tap = partial(self._choose, choice.name)
        cell = ChoiceCell(choice.label, tap, selected=choice.selected)
        cell.disabled = self.view.readonly
        self._widgets[choice.name] = cell
        return cell

    def _is_scale(self, view: QuestionView) -> bool:
        return (
            "likert" in view.appearance
            and view.kind == "select_one"
            and len(view.choices) <= _SCALE_MAX
            and theme.text_percent <= 130  # noqa: PLR2004 - words of a scale need their room
        )

    def _choose(self, name: str) -> None:
        chosen = [choice.name for choice in self.view.choices if choice.selected]
        if not self.many:
            self.tell(name)
            if "quick" in self.view.appearance:
                self.ask.go_on()
            return
        wanted = set(chosen) ^ {name}
        names = [choice.name for choice in self.view.choices if choice.name in wanted]
        self.tell(" ".join(names))

    def _search(self) -> None:
        stage = self.ask.frame.stage

        def choose(name: str) -> tuple[ChoiceView, ...]:
            self._choose(name)
            if not self.many:
                stage.close()
            return self.view.choices

        stage.open(
            SearchSheet(self.view.label, self.view.choices, choose, stage.close, many=self.many)
        )
