"""`cairn client`: the whole client without a window, for people, scripts and tests."""

from mobile_client.commands.light import import_light

import_light()

from mobile_client.commands.app import app  # noqa: E402 - after the light imports

__all__ = ["app"]
