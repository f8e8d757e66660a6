"""Drives the client's window as a person does, without threads or sleeps.

The driver steps Kivy's own event loop, finds widgets by what they say, and touches and types
through the real input pipeline (window, then widget tree), so a widget that is off screen, covered
or disabled does not react here either.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from kivy.base import EventLoop, stopTouchApp
from kivy.core.window import Window
from kivy.input.motionevent import MotionEvent
from kivy.uix.scrollview import ScrollView
from kivy.uix.widget import Widget

SHOTS_DIR = Path(__file__).resolve().parents[2] / "build" / "shots"


class _Touch(MotionEvent):
    def __init__(self, x: float, y: float) -> None:
        place = {"x": x / (Window.width - 1.0), "y": y / (Window.height - 1.0)}
        super().__init__("test", id(self), place, is_touch=True, type_id="touch")

    def depack(self, args: dict[str, float]) -> None:
        self.sx, self.sy = args["x"], args["y"]
        self.profile = ["pos"]
        super().depack(args)


_DRAW = Window.on_draw
_FLIP = Window.flip


class Driver:
    """One window under test. `app` is any Kivy App not yet run.

    Layout, input and canvas instructions run in every frame; pixels are drawn for a shot only,
    unless `draws`: without a graphics card they cost more than all the rest.
    """

    def __init__(
        self, app: Any, size: tuple[int, int] = (480, 860), *, draws: bool = False
    ) -> None:
        Window.on_draw = _DRAW if draws else lambda: None
        Window.flip = _FLIP if draws else lambda: None
        self.app = app
        app._run_prepare()
        self.resize(*size)

    def resize(self, width: int, height: int) -> None:
        """Give the window another size."""
        if Window.system_size != (width, height):
            Window.system_size = (width, height)
        self.frames(4)

    def frames(self, count: int = 2) -> None:
        """Let the window draw some frames."""
        for _ in range(count):
            EventLoop.idle()

    def until(self, condition: Callable[[], bool], what: str = "", within_s: float = 20.0) -> None:
        """Draw frames until something holds; fail with `what` when it never does."""
        end = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < end, f"never happened: {what or condition}"
            EventLoop.idle()

    # What is on the screen.

    def all(self, kind: type | str | None = None, **attributes: object) -> Iterator[Any]:
        """Yield the widgets of a class (or its name) whose attributes have these values."""
        for child in Window.children:
            for widget in child.walk():
                names = {base.__name__ for base in type(widget).__mro__}
                wanted = kind.__name__ if isinstance(kind, type) else kind
                if wanted is not None and wanted not in names:
                    continue
                if all(getattr(widget, key, None) == value for key, value in attributes.items()):
                    yield widget

    def one(self, kind: type | str | None = None, **attributes: object) -> Any:
        """Return the only widget that matches."""
        found = list(self.all(kind, **attributes))
        assert len(found) == 1, (
            f"{len(found)} widgets are {kind} {attributes}; the screen says {self.words()}"
        )
        return found[0]

    def has(self, kind: type | str | None = None, **attributes: object) -> bool:
        """Tell whether something matches."""
        return any(True for _ in self.all(kind, **attributes))

    def words(self) -> list[str]:
        """Return everything the screen says, top-most widgets first."""
        found: list[str] = []
        for widget in self.all():
            state = getattr(widget, "state_shown", None) or ("",)
            parts = (getattr(widget, "text", ""), getattr(widget, "detail", ""), state[0])
            found += [part for part in parts if part and isinstance(part, str)]
        return found

    def says(self, part: str) -> bool:
        """Tell whether some widget says these words."""
        return any(part in plain(words) for words in self.words())

    # What a person does.

    def tap(self, widget: Any) -> None:
        """Touch the middle of a widget, scrolling to it first when it is out of sight."""
        self.reveal(widget)
        x, y = widget.to_window(*widget.center)
        assert 0 <= x < Window.width, f"{widget} is at {x}, {y}"
        assert 0 <= y < Window.height, f"{widget} is at {x}, {y}"
        self.touch(x, y)

    def touch(self, x: float, y: float) -> None:
        """Touch a point of the window."""
        touch = _Touch(x, y)
        EventLoop.post_dispatch_input("begin", touch)
        self.frames(1)
        EventLoop.post_dispatch_input("end", touch)
        self.frames(3)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Move a finger from one point of the window to another, quickly."""
        touch = _Touch(*start)
        EventLoop.post_dispatch_input("begin", touch)
        for step in range(1, 5):
            x = start[0] + (end[0] - start[0]) * step / 4
            y = start[1] + (end[1] - start[1]) * step / 4
            touch.move({"x": x / (Window.width - 1.0), "y": y / (Window.height - 1.0)})
            EventLoop.post_dispatch_input("update", touch)
        EventLoop.post_dispatch_input("end", touch)
        self.frames(3)

    def clipboard(self) -> str:
        """Return what other programs could paste."""
        return str(Window._win.get_clipboard() if hasattr(Window._win, "get_clipboard") else "")

    def fingers(self, count: int) -> None:
        """Touch with several fingers at once."""
        touches = [_Touch(60.0 + 90 * nth, 400.0) for nth in range(count)]
        for phase in ("begin", "end"):
            for touch in touches:
                EventLoop.post_dispatch_input(phase, touch)
            self.frames(1)

    def reveal(self, widget: Any) -> None:
        """Scroll until a widget is in sight."""
        for parent in _parents(widget):
            if isinstance(parent, ScrollView) and parent.viewport_size[1] > parent.height:
                parent.scroll_to(widget, animate=False)
                self.frames(2)

    def type(self, text: str) -> None:
        """Type into whatever has the keyboard."""
        for char in text:
            Window.dispatch("on_textinput", char)
        self.frames(2)

    def key(self, code: int, text: str = "", modifiers: tuple[str, ...] = ()) -> None:
        """Press and let go of a key."""
        Window.dispatch("on_key_down", code, 0, text, list(modifiers))
        Window.dispatch("on_key_up", code, 0)
        self.frames(2)

    def shot(self, name: str) -> Path:
        """Save what the window shows as build/shots/NAME.png."""
        self.frames(3)
        path = SHOTS_DIR / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        _DRAW()  # Also what was drawn last may be gone from the back buffer.
        return Path(Window.screenshot(name=str(path))).replace(path)

    def close(self) -> None:
        """Stop the app and leave the window empty for the next one."""
        self.app.stop()
        stopTouchApp()
        for widget in Window.children[:]:
            Window.remove_widget(widget)


def plain(text: str) -> str:
    """Return words without the fences that keep directions apart."""
    return text.translate({0x2066: None, 0x2067: None, 0x2068: None, 0x2069: None})


def _parents(widget: Any) -> Iterator[Widget]:
    parent = widget.parent
    while parent is not None and parent is not Window:
        yield parent
        parent = parent.parent if parent.parent is not parent else None
