"""The keyboard of a laptop: a ring that walks, digits that choose, Enter that goes on.

While a text field has the keyboard only Tab, Escape and the field's own Enter mean anything else
than text. Everything acts on the topmost layer: a dialog before the screen below it.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol

from mobile_client.widgets.field import Field
from mobile_client.widgets.overlay import Stage
from mobile_client.widgets.touch import Tappable

ENTER: Final = frozenset({13, 271})
ESCAPE: Final = 27
TAB: Final = 9
SPACE: Final = 32
UP: Final = 273
DOWN: Final = 274
RIGHT: Final = 275
LEFT: Final = 276
_DIGIT_ZERO: Final = 48
_KEYPAD_ZERO: Final = 256


class Keyed(Protocol):
    """What a screen may do with keys that no widget takes; each says whether it did."""

    rtl: bool

    def go_on(self) -> bool:
        """Enter with no ring: the main action."""
        ...

    def go_back(self) -> bool:
        """Escape, or the back key of a tablet."""
        ...

    def turn(self, step: int) -> bool:
        """Arrow along the line: -1 back, 1 on."""
        ...

    def digit(self, number: int) -> bool:
        """A digit, 1 to 9."""
        ...


class Keys:
    """Hears the window's keys; `screen` tells which screen stands now."""

    def __init__(self, stage: Stage, screen: Callable[[], Keyed | None]) -> None:
        self._stage = stage
        self._screen = screen
        self._ringed: Tappable | None = None

    def down(self, key: int, modifiers: list[str]) -> bool:
        """Act on a key; True when it was one of ours."""
        field = next((one for one in self._targets() if getattr(one, "focus", False)), None)
        if key == TAB:
            self._walk(-1 if "shift" in modifiers else 1, field or self._ringed)
            return True
        if field is not None:
            if key == ESCAPE:
                field.focus = False
                return True
            return False
        if key in {UP, DOWN}:
            self._walk(-1 if key == UP else 1, self._ringed)
            return True
        if key in ENTER or key == SPACE:
            return self._press(enter=key in ENTER)
        return self._screen_key(key)

    def forget(self) -> None:
        """Take the ring away: a finger took over, or another screen stands."""
        if self._ringed is not None:
            self._ringed.ringed = False
            self._ringed = None

    def _screen_key(self, key: int) -> bool:
        overlay, screen = self._stage.top_overlay, self._screen()
        if overlay is not None:
            if key == ESCAPE and overlay.escape is not None:
                overlay.escape()
            return key == ESCAPE
        if screen is None:
            return False
        if key == ESCAPE:
            return screen.go_back()
        if key in {LEFT, RIGHT}:
            return screen.turn(1 if (key == RIGHT) != screen.rtl else -1)
        for zero in (_DIGIT_ZERO, _KEYPAD_ZERO):
            if zero < key <= zero + 9:
                return screen.digit(key - zero)
        return False

    def _press(self, *, enter: bool) -> bool:
        ringed = self._ringed
        if ringed is not None and ringed in self._targets():
            ringed.trigger_action(0.1)
            return True
        screen = self._screen()
        if not enter or self._stage.top_overlay is not None or screen is None:
            return False
        return screen.go_on()

    def _walk(self, step: int, here: Any) -> None:
        targets = self._targets()
        if not targets:
            return
        place = targets.index(here) if here in targets else (-1 if step > 0 else 0)
        chosen = targets[(place + step) % len(targets)]
        self.forget()
        if isinstance(here, Field):
            here.focus = False
        if isinstance(chosen, Field):
            chosen.focus = True
        else:
            chosen.ringed = True
            self._ringed = chosen
        _reveal(chosen)

    def _targets(self) -> list[Any]:
        layer = self._stage.top_overlay or self._stage.screen
        if layer is None:
            return []
        return [
            widget
            for widget in layer.walk(restrict=True)
            if (isinstance(widget, Tappable) and widget.tap is not None and not widget.disabled)
            or (isinstance(widget, Field) and not widget.readonly)
        ]


def _reveal(widget: Any) -> None:
    parent = widget.parent
    while parent is not None and parent is not parent.parent:
        if hasattr(parent, "scroll_to") and parent.viewport_size[1] > parent.height:
            parent.scroll_to(widget, animate=False)
        parent = parent.parent
