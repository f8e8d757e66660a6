"""A device of the demonstration: the real headless client as a process, one JSON line a step."""

import json
import subprocess
from pathlib import Path
from typing import Any

from server.demo.processes import ROOT, DemoFailed, cairn_command, environment


class Device:
    """One open client; `request` sends one operation and returns its value."""

    def __init__(self, home: Path, enumerator: str, log: Path, passphrase: str) -> None:
        self.name = home.name
        self._log = log
        self._sink = log.open("a")
        self._process = subprocess.Popen(
            cairn_command("client", "--home", str(home), "--as", enumerator, "script"),
            cwd=ROOT,
            env=environment(passphrase),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._sink,
            text=True,
        )

    def request(self, op: str, **fields: Any) -> Any:
        """Send one operation and return what it answers.

        Raises:
            DemoFailed: the client refused it, or ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"op": op, **fields}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise DemoFailed(f"{self.name} ended before {op}; see {self._log}") from None
        line = self._process.stdout.readline()
        if not line:
            tail = self._log.read_text(errors="replace")[-1500:]
            raise DemoFailed(f"{self.name} ended during {op}:\n{tail}")
        reply = json.loads(line)
        if not reply["ok"]:
            raise DemoFailed(f"{self.name} {op}: {reply['error']['message']}")
        return reply["value"]

    def close(self) -> None:
        """Let the client end by itself: its input is over."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._sink.close()

    def __enter__(self) -> "Device":
        """Unlock."""
        self.request("unlock")
        return self

    def __exit__(self, *_: object) -> None:
        """Lock by ending."""
        self.close()
