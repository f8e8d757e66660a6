"""The base of all screens: subscribe, build when the shape of the state changes, else refresh.

A field that has the keyboard must survive a change elsewhere on the screen, so a screen names what
of its state decides which widgets stand (`shape`); only another shape builds them anew.
"""

from collections.abc import Hashable
from typing import Any, Final, Generic, TypeVar

from kivy.uix.widget import Widget

from mobile_client.presenters.presenter import Notice, Presenter
from mobile_client.screens.frame import Frame
from mobile_client.screens.words import say_notice
from mobile_client.widgets.banner import Banner
from mobile_client.widgets.base import Column
from mobile_client.widgets.page import Page, side_margin
from mobile_client.widgets.theme import dp, theme

PresenterT = TypeVar("PresenterT", bound=Presenter[Any])

_NEWS: Final = "ok"
_PROBLEM: Final = "error"


class ScreenPage(Page, Generic[PresenterT]):
    """One screen over one presenter."""

    def __init__(self, frame: Frame, presenter: PresenterT) -> None:
        super().__init__()
        self.rtl = theme.rtl
        self.frame = frame
        self.presenter = presenter
        self._shape: Hashable = None
        self._notice: Notice | None = None
        self._bars_shown: list[Widget] = []
        self._notices = Column(spacing=0)
        self.set_under_top(self._notices)
        self.bind(width=self._place_notices)
        self._stop = presenter.subscribe(self._draw)

    # For each screen to fill in.

    def shape(self, state: Any) -> Hashable:
        """Return what decides which widgets stand; by default the whole state."""
        whole: Hashable = state
        return whole

    def build(self, state: Any) -> None:
        """Make the widgets; the column is empty."""
        raise NotImplementedError

    def refresh(self, state: Any) -> None:
        """Show a state of the same shape in the widgets that stand."""

    def flush(self) -> None:
        """Hand over what is typed and not yet told to the presenter."""

    # What the keyboard may do; each says whether it did.

    def go_on(self) -> bool:
        """Enter: the main action."""
        return False

    def go_back(self) -> bool:
        """Escape, or the back key of a tablet."""
        return False

    def turn(self, step: int) -> bool:
        """Arrow along the line."""
        del step
        return False

    def digit(self, number: int) -> bool:
        """A digit."""
        del number
        return False

    # For the app and the screens.

    def leave(self) -> None:
        """Hear no more of the presenter: another screen stands."""
        self._stop()

    def redraw(self) -> None:
        """Build again in the look of now."""
        self._shape = None
        self._notice = None
        self._notices.clear_widgets()
        self._draw(self.presenter.state)

    def _draw(self, state: Any) -> None:
        shape = self.shape(state)
        if self._shape is None or shape != self._shape:
            self._shape = shape
            self.clear()
            self.build(state)
        self.refresh(state)
        self._show_notice(getattr(state, "notice", None))

    def _show_notice(self, notice: Notice | None) -> None:
        if notice == self._notice:
            return
        self._notice = notice
        self._notices.clear_widgets()
        if notice is not None:
            tone = _PROBLEM if notice.code else "warn"
            self._notices.add_widget(Banner(say_notice(notice), tone, bold=True))
        self._place_notices()

    def _place_notices(self, *_: object) -> None:
        side = side_margin(self.width)
        room = dp(12) if self._notices.children else 0
        self._notices.padding = (side, room, side, 0)

    def replace_bars(self, top: Widget | None, bottom: Widget | None) -> None:
        """Put other bars around the column."""
        for bar in self._bars_shown:
            self.remove_widget(bar)
        self._bars_shown = [bar for bar in (top, bottom) if bar is not None]
        if top is not None:
            self.set_top(top)
        if bottom is not None:
            self.set_bottom(bottom)
