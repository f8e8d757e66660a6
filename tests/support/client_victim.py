"""The headless client as a process of its own, to be killed: lines in, replies through a pipe.

Started from a fork server that has everything imported, so that fifty kills cost seconds.
"""

import json
import multiprocessing
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from mobile_client.commands.console import Options
from mobile_client.commands.script import Script
from mobile_client.services.client import Client
from mobile_client.services.machine import real_machine
from shared.sealing.keys import Suite
from shared.sealing.passphrase import TEST_COST

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["client_victim"])


def start_server() -> None:
    """Start the fork server where it finds what it is to import: it does not take over sys.path."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    try:
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def work(home: Path, lines: Sequence[dict[str, Any]], pipe: Connection) -> None:
    """Open the home and do the lines, telling each reply as it comes."""
    machine = replace(real_machine(home), cost=TEST_COST, suite=Suite.X25519)
    client = Client(home, machine)
    script = Script(client, Options(home, "", None))
    for line in lines:
        pipe.send(script.reply(json.dumps(line)))
    client.close()
    pipe.send(None)


class Victim:
    """One such process."""

    def __init__(self, home: Path, lines: Sequence[dict[str, Any]]) -> None:
        start_server()
        self._pipe, theirs = CONTEXT.Pipe(duplex=False)
        self._process = CONTEXT.Process(target=work, args=(home, lines, theirs))
        self._process.start()
        theirs.close()
        self.replies: list[dict[str, Any]] = []

    def wait_for(self, replies: int) -> bool:
        """Wait until so many replies came; False if the process is done before."""
        while len(self.replies) < replies:
            try:
                reply = self._pipe.recv()
            except EOFError:
                return False
            if reply is None:
                return False
            self.replies.append(reply)
        return True

    def kill(self) -> None:
        """Kill it as the system does, and take in what it still said."""
        self._process.kill()  # SIGKILL; nothing where it ended by itself in this very moment
        self._process.join()
        try:
            while (reply := self._pipe.recv()) is not None:
                self.replies.append(reply)
        except (EOFError, OSError):
            pass
        self._pipe.close()
        self._process.close()
