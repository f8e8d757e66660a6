"""Names of places in a country that does not exist, in Latin and Arabic script."""

from collections.abc import Callable
from typing import Final

Name = tuple[str, str]
"""The same name in Latin and in Arabic script."""

_SYLLABLES: Final[tuple[Name, ...]] = (
    ("ba", "با"), ("ke", "كي"), ("lo", "لو"), ("mi", "مي"), ("ta", "تا"), ("su", "سو"),
    ("no", "نو"), ("da", "دا"), ("ze", "زي"), ("wa", "وا"), ("fa", "فا"), ("ra", "را"),
    ("vo", "فو"), ("ya", "يا"), ("ne", "ني"), ("mo", "مو"), ("le", "لي"), ("ru", "رو"),
    ("jo", "جو"), ("ka", "كا"), ("ve", "في"), ("du", "دو"),
)  # fmt: skip
_ENDINGS: Final[tuple[Name, ...]] = (
    ("", ""), ("n", "ن"), ("r", "ر"), ("s", "س"), ("m", "م"), ("l", "ل"), ("t", "ت"),
)  # fmt: skip


class Namer:
    """Draw names that have not been drawn before."""

    def __init__(self, draw: Callable[[], float]) -> None:
        """Take `draw`, a source of numbers in [0, 1)."""
        self._draw = draw
        self._used: set[str] = set()

    def next(self) -> Name:
        """Return a new name of three syllables: long enough to match no real place by chance."""
        while True:
            parts = [self._pick(_SYLLABLES) for _ in range(3)]
            syllables = {latin for latin, _ in parts}
            parts.append(self._pick(_ENDINGS))
            latin = "".join(part[0] for part in parts).capitalize()
            if len(syllables) == 3 and latin not in self._used:  # noqa: PLR2004
                self._used.add(latin)
                return latin, "".join(part[1] for part in parts)

    def _pick(self, options: tuple[Name, ...]) -> Name:
        return options[int(self._draw() * len(options))]
