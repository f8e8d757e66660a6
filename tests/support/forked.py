"""Processes forked from a test, so that fifty kills take seconds: what they say comes by a pipe."""

import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress


def forked(action: Callable[[int], None]) -> tuple[int, int]:
    """Run an action in a child process with a pipe to us; return its id and our end."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        status = 0
        try:
            action(write)
        except BaseException as error:  # noqa: BLE001 - a child must never return into pytest
            os.write(write, json.dumps({"error": repr(error)}).encode() + b"\n")
            status = 1
        os._exit(status)
    os.close(write)
    return child, read


def heard(read: int) -> list[dict[str, str]]:
    """Everything a child said, until it ended."""
    data = bytearray()
    while piece := os.read(read, 65_536):
        data += piece
    os.close(read)
    return [json.loads(line) for line in data.split(b"\n") if line.endswith(b"}")]


def say(write: int, what: str, value: bytes) -> None:
    """Tell the test something, from a child."""
    os.write(write, json.dumps({what: value.hex()}).encode() + b"\n")


def kill(child: int) -> None:
    """End a child as the system does."""
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(child, 0)


def kill_after(child: int, wait_s: float) -> None:
    """Let a child work for a while, then end it."""
    time.sleep(wait_s)
    kill(child)
