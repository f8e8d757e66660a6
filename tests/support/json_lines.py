"""A program in a process of its own that answers JSON lines, one reply a request."""

import json
import select
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class PeerRefused(Exception):
    """The peer answered with an error; the message is its own."""


class PeerTooSlow(Exception):
    """No reply came in time; the peer is ended."""


class JsonLinesPeer:
    """One such process; use it as a context."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start it; `folder` is where it runs."""
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        """Return the running peer."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()

    def ask(self, op: str, *, within_s: float | None = None, **request: object) -> Any:
        """Return what an operation gives.

        Raises:
            PeerRefused: it failed.
            PeerTooSlow: it took longer than `within_s`.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"op": op, **request}) + "\n")
        self._process.stdin.flush()
        if within_s is not None and not select.select([self._process.stdout], [], [], within_s)[0]:
            self._process.kill()
            raise PeerTooSlow(f"{op} took more than {within_s} s")
        reply: Mapping[str, Any] = json.loads(self._process.stdout.readline())
        if not reply["ok"]:
            raise PeerRefused(str(reply["error"]))
        return reply["value"]
