"""A display for tests that open a real window: the one there is, our own Xvfb, or SDL offscreen."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def display() -> Iterator[str]:
    """Give SDL somewhere to open a window; yields what it is: DISPLAY, xvfb or offscreen."""
    if os.environ.get("DISPLAY") or os.environ.get("SDL_VIDEODRIVER"):
        yield os.environ.get("DISPLAY") or os.environ["SDL_VIDEODRIVER"]
        return
    server = shutil.which("Xvfb")
    if server is None:
        os.environ["SDL_VIDEODRIVER"] = "offscreen"
        yield "offscreen"
        return
    reader, writer = os.pipe()
    with tempfile.TemporaryFile() as log:
        command = [server, "-displayfd", str(writer), "-screen", "0", "1600x1400x24"]
        process = subprocess.Popen(
            [*command, "-nolisten", "tcp"], pass_fds=(writer,), stdout=log, stderr=log
        )
        os.close(writer)
        with os.fdopen(reader) as pipe:
            number = pipe.readline().strip()
        os.environ["DISPLAY"] = f":{number}"
        os.environ["SDL_VIDEODRIVER"] = "x11"
        try:
            yield os.environ["DISPLAY"]
        finally:
            del os.environ["DISPLAY"], os.environ["SDL_VIDEODRIVER"]
            process.terminate()
            process.wait(10)
            Path(f"/tmp/.X{number}-lock").unlink(missing_ok=True)
