"""Keeps the start of the client short where the server's packages are installed too.

sqlite-utils imports pandas and numpy when they are there, for column types that a vault never has:
2.2 s instead of 0.3 s before the lock screen. A tablet has neither.
"""

import sys
from importlib import import_module
from typing import Final

_UNWANTED: Final = ("pandas", "numpy")


def import_light() -> None:
    """Import sqlite-utils as a tablet does, then let others import what they like."""
    hidden = [name for name in _UNWANTED if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        import_module("sqlite_utils")
    finally:
        for name in hidden:
            del sys.modules[name]
