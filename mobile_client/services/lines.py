"""Lines to other machines, loaded when the first one is needed: the lock screen must not wait."""

from importlib import import_module
from typing import Any


def https() -> Any:
    """Return the HTTPS transport's module; its HTTP library takes 0.4 s to import."""
    return import_module("sync.transports.https")
