"""JavaRosa in a process of its own, spoken to in JSON lines: tests/java/JavaRosaPeer.java.

The jar is the one inside pyxform's validator; compiling the driver takes a JDK, which
.ci/system-packages installs for tests. Nothing of it is shipped.
"""

import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

from json_lines import JsonLinesPeer

_SOURCES = Path(__file__).resolve().parents[1] / "java"


def javarosa_missing() -> str:
    """Return what JavaRosa lacks on this machine, "" if it can run."""
    missing = [tool for tool in ("java", "javac") if shutil.which(tool) is None]
    if missing:
        return f"JavaRosa needs {' and '.join(missing)}: install default-jdk-headless"
    return "" if validator_jar() else "pyxform brings no ODK_Validate.jar"


def validator_jar() -> Path | None:
    """Return the jar of ODK Validate that pyxform brings, which holds JavaRosa."""
    spec = find_spec("pyxform")
    if spec is None or spec.origin is None:
        return None
    return next(iter(Path(spec.origin).parent.rglob("ODK_Validate.jar")), None)


class JavaRosa(JsonLinesPeer):
    """One JavaRosa process, compiled for the occasion."""

    def __init__(self) -> None:
        jar = validator_jar()
        assert jar is not None
        self._folder = tempfile.TemporaryDirectory(prefix="cairn-javarosa-")
        folder = self._folder.name
        sources = [str(path) for path in sorted(_SOURCES.glob("*.java"))]
        subprocess.run(
            ["javac", "-nowarn", "-encoding", "UTF-8", "-d", folder, "-cp", str(jar), *sources],
            check=True,
        )
        classes = f"{folder}:{jar}"
        super().__init__(["java", "-Duser.timezone=UTC", "-Xss8m", "-cp", classes, "JavaRosaPeer"])

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process and remove what was compiled."""
        super().__exit__(kind, error, trace)
        self._folder.cleanup()

    def load(self, xform: bytes, media: Path | None = None) -> None:
        """Read a form and begin an instance of it; its media lie in `media`."""
        path = Path(self._folder.name) / "form.xml"
        path.write_bytes(xform)
        self.ask("load", xform=str(path), media=str(media or self._folder.name))
