"""The frame of every question: its words, its shield, its message, and the answer in between."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from mobile_client.presenters.views import QuestionView
from mobile_client.screens.frame import Frame
from mobile_client.text.speech import say
from mobile_client.widgets.banner import Banner
from mobile_client.widgets.base import Column, Row, Space
from mobile_client.widgets.button import PushButton
from mobile_client.widgets.chip import Chip
from mobile_client.widgets.picture import Picture
from mobile_client.widgets.text import Text
from mobile_client.widgets.theme import dp


@dataclass(frozen=True, slots=True)
class Ask:
    """What a question may do.

    Attributes:
        answer: tell an answer; `attach` a file; `media` finds a picture of the form; `thumbnail`
            gives the small JPEG of a picture that was attached, b"" for none.
        go_on: go to the next screen (a quick question, Enter in a field).
        alone: the only question of its screen: larger words, digits choose.
    """

    frame: Frame
    answer: Callable[[str, str], object]
    attach: Callable[[str, Path], object]
    media: Callable[[str], Path | None]
    thumbnail: Callable[[str], bytes]
    go_on: Callable[[], object]
    alone: bool = True


class QuestionCard(Column):
    """One question. Subclasses add the answer in `build` and follow changes in `follow`."""

    def __init__(self, view: QuestionView, ask: Ask) -> None:
        super().__init__(spacing=dp(12), padding=(0, 0, 0, 0 if ask.alone else dp(18)))
        self.view = view
        self.ask = ask
        self._add_words(view)
        self._message = Column(spacing=0)
        self.build()
        self.add_widget(self._message)
        self._clear_slot = Column(spacing=0)
        self.add_widget(self._clear_slot)
        self.follow(view)
        self._show_clear(view)

    # For each kind to fill in.

    def build(self) -> None:
        """Add the widgets of the answer."""

    def follow(self, view: QuestionView) -> None:
        """Show the answer of a view that `fits`."""

    def flush(self) -> None:
        """Tell an answer that is typed and not yet told."""

    def digit(self, number: int) -> bool:
        """Take a digit of the keyboard; True where it meant something."""
        del number
        return False

    def focus(self) -> None:
        """Take the keyboard, where the answer is typed."""

    # For the screen.

    def fits(self, view: QuestionView) -> bool:
        """Whether a view differs only in what `follow` can show."""
        mine = replace(self.view, value="", message="", choices=())
        other = replace(view, value="", message="", choices=())
        names = [(choice.name, choice.label) for choice in view.choices]
        return mine == other and [(one.name, one.label) for one in self.view.choices] == names

    def show(self, view: QuestionView, *, blocked: bool) -> None:
        """Show the question as it stands; its message once it was answered or bars the way."""
        self.view = view
        self.follow(view)
        words = view.message if view.message and (blocked or view.value) else ""
        shown = [child.text for child in self._message.children]
        if shown != ([words] if words else []):
            self._message.clear_widgets()
            if words:
                self._message.add_widget(Banner(words, "error", bold=True))
        self._show_clear(view)

    def tell(self, text: str) -> None:
        """Tell an answer, unless it is the one that stands."""
        if text != self.view.value and not self.view.readonly:
            self.ask.answer(self.view.path, text)

    def picture(self, name: str, height_max_dp: float = 280) -> Picture | None:
        """Return a picture the form names, None where it has none that can be shown."""
        path = self.ask.media(name) if name else None
        picture = Picture(path, height_max_dp) if path is not None else None
        return None if picture is None or picture.missing else picture

    @property
    def can_clear(self) -> bool:
        """Whether a button takes the answer back; typed answers are simply erased."""
        return False

    def _show_clear(self, view: QuestionView) -> None:
        wanted = self.can_clear and bool(view.value) and not view.readonly
        if wanted == bool(self._clear_slot.children):
            return
        self._clear_slot.clear_widgets()
        if wanted:
            row = Row()
            row.add_widget(
                PushButton(
                    say("Take the answer back"),
                    lambda: self.tell(""),
                    kind="ghost",
                    icon="erase",
                    fit=True,
                )
            )
            row.add_widget(Space(1))
            self._clear_slot.add_widget(row)

    def _add_words(self, view: QuestionView) -> None:
        if view.shield:
            row = Row()
            row.add_widget(Chip(say("Kept apart as identity"), "identity", "identity"))
            row.add_widget(Space(1))
            self.add_widget(row)
        if view.label:
            label = view.label + ("\u00a0*" if view.required else "")
            role = "question" if self.ask.alone else "heading"
            self.add_widget(Text(label, role, bold=True, markup=True))
        picture = self.picture(view.media.image)
        if picture is not None:
            self.add_widget(picture)
        if view.hint:
            self.add_widget(Text(view.hint, "small", "muted", markup=True))
        if view.guidance:
            self.add_widget(_Guidance(view.guidance))


class _Guidance(Column):
    """Help for the enumerator, behind one touch."""

    def __init__(self, words: str) -> None:
        super().__init__(spacing=dp(4))
        self._words = words
        self._button = Row()
        self._button.add_widget(
            PushButton(say("More help"), self._open, kind="ghost", icon="help", fit=True)
        )
        self._button.add_widget(Space(1))
        self.add_widget(self._button)

    def _open(self) -> None:
        self.clear_widgets()
        self.add_widget(Banner(self._words, "plain", "help"))
