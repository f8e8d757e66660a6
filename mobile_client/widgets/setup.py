"""Kivy told how to start, before anything imports it: no files, no arguments, our own log.

Kivy reads all of this from the environment and from module state at import, hence a function that
must run first, called by `main` and by the test driver.
"""

import logging
import os
import tempfile
from pathlib import Path


def prepare_kivy(width: int = 480, height: int = 860) -> None:
    """Set Kivy up for a window of the given size; harmless when it is already imported."""
    home = Path(tempfile.gettempdir()) / f"cairn-kivy-{os.getuid() if hasattr(os, 'getuid') else 0}"
    for name, value in {
        "KIVY_NO_ARGS": "1",
        "KIVY_NO_CONFIG": "1",  # A settings file of Kivy's could switch its inspector on.
        "KIVY_NO_FILELOG": "1",
        "KIVY_LOG_MODE": "PYTHON",
        "KIVY_CLIPBOARD": "sdl2",
        "KIVY_HOME": str(home),
    }.items():
        os.environ.setdefault(name, value)
    home.mkdir(mode=0o700, exist_ok=True)
    logging.getLogger("kivy").addFilter(_is_news)

    from kivy.config import Config  # noqa: PLC0415 - only now may Kivy be imported

    Config.set("graphics", "width", str(width))
    Config.set("graphics", "height", str(height))
    Config.set("graphics", "minimum_width", "320")
    Config.set("graphics", "minimum_height", "480")
    Config.set("graphics", "multisamples", "0")
    Config.set("kivy", "exit_on_escape", "0")
    Config.set("kivy", "log_level", "error")
    Config.set("kivy", "window_icon", "")
    Config.set("input", "mouse", "mouse,disable_multitouch")
    Config.remove_option("input", "%(name)s")  # SDL brings us touch screens; not twice.
    Config.set("widgets", "scroll_timeout", "120")

    from kivy.core.text import LabelBase  # noqa: PLC0415

    # Kivy walks every system font folder for each first label; our fonts are given by path.
    if not LabelBase._fonts_dirs:  # noqa: SLF001
        LabelBase._fonts_dirs = [str(Path(__file__).parent)]  # noqa: SLF001


def _is_news(record: logging.LogRecord) -> bool:
    """Drop Kivy's tracebacks about touch and clipboard drivers: SDL brings us both."""
    return not record.getMessage().startswith(("Input: ", "Cutbuffer: "))
