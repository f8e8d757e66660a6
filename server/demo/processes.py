"""Start, watch and stop the real `cairn` processes of a demonstration.

Every process writes to its own log file, so that a failure can be read and the canary scan can
look at what was logged. Secrets go through the environment, never through arguments.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from shared.errors import CairnError

ROOT = Path(__file__).resolve().parents[2]


class DemoFailed(CairnError):
    """A step of the demonstration did not work; the message holds the process's own words."""

    code = "DEMO-001"


def cairn_command(*words: str) -> list[str]:
    """Return the argument list that runs `cairn` with this interpreter and this source tree."""
    return [sys.executable, "-m", "cairn", *words]


def environment(passphrase: str | None = None) -> dict[str, str]:
    """Return the child's environment: ours, plus the passphrase where one is needed."""
    variables = {**os.environ, "PYTHONUNBUFFERED": "1"}
    variables.pop("CAIRN_PASSPHRASE", None)
    if passphrase is not None:
        variables["CAIRN_PASSPHRASE"] = passphrase
    return variables


def run(
    *words: str,
    log: Path,
    passphrase: str | None = None,
    timeout_s: float = 300,
    stdin: str | None = None,
) -> str:
    """Run one `cairn` command to its end and return what it printed.

    Raises:
        DemoFailed: it ended with another status than 0, or did not end in time.
    """
    with log.open("a") as sink:
        sink.write(f"$ cairn {' '.join(words)}\n")
        sink.flush()
        try:
            done = subprocess.run(
                cairn_command(*words),
                cwd=ROOT,
                env=environment(passphrase),
                input=stdin,
                stdout=subprocess.PIPE,
                stderr=sink,
                text=True,
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise DemoFailed(
                f"`cairn {words[0]}` did not end in {timeout_s:.0f} s; see {log}"
            ) from error
    if done.returncode != 0:
        tail = log.read_text(errors="replace")[-1500:]
        raise DemoFailed(
            f"`cairn {' '.join(words)}` ended with {done.returncode}:\n{done.stdout[-500:]}{tail}"
        )
    return done.stdout


def run_json(*words: str, log: Path, passphrase: str | None = None) -> Any:
    """Run a command whose last line is JSON and return it parsed."""
    printed = run(*words, log=log, passphrase=passphrase).strip()
    try:
        return json.loads(printed)
    except json.JSONDecodeError:
        return json.loads(printed.splitlines()[-1])


class Service:
    """A long-running `cairn` process and its log."""

    def __init__(
        self, name: str, words: Sequence[str], log: Path, passphrase: str | None = None
    ) -> None:
        self.name = name
        self.log = log
        self._sink = log.open("a")
        self._process = subprocess.Popen(
            cairn_command(*words),
            cwd=ROOT,
            env=environment(passphrase),
            stdin=subprocess.DEVNULL,
            stdout=self._sink,
            stderr=subprocess.STDOUT,
        )

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process.poll() is None

    def wait_until(self, ready: "Probe", timeout_s: float = 60) -> None:
        """Return when `ready()` is true.

        Raises:
            DemoFailed: the process died first, or the time passed.
        """
        end = time.monotonic() + timeout_s
        while not ready():
            if not self.running or time.monotonic() > end:
                tail = self.log.read_text(errors="replace")[-1500:]
                state = "is not ready" if self.running else f"ended with {self._process.poll()}"
                raise DemoFailed(f"the {self.name} {state}:\n{tail}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Ask it to end, then insist."""
        if self.running:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._sink.close()


class Probe:
    """Tells whether a role answers at its health address."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/") + "/v1/health"

    def __call__(self) -> bool:
        """Ask once; any failure to connect is simply "not yet"."""
        try:
            # The certificate is checked by those who hold its pin; here only readiness matters.
            return httpx.get(self._url, verify=False, timeout=2).status_code == httpx.codes.OK  # noqa: S501
        except httpx.TransportError:
            return False
