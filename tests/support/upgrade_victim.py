"""Opens a home of an earlier version in a process of its own, killed at a chosen moment."""

import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

from client_victim import CONTEXT, start_server

from mobile_client.services.client import Client
from mobile_client.services.machine import real_machine


def work(home: Path, kill_before: int) -> None:
    """Open a home as the real program does; SIGKILL before the n-th statement SQLite executes."""
    connect = sqlite3.connect
    left = kill_before

    def executed(_statement: str) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **named)
        connection.set_trace_callback(executed)
        return connection

    sqlite3.connect = counted
    Client(home, real_machine(home)).close()


def opened_until(home: Path, statement: int) -> bool:
    """Open a home, killed before a statement of SQLite's; return whether it was open before."""
    start_server()
    process = CONTEXT.Process(target=work, args=(home, statement))
    process.start()
    process.join()
    status = process.exitcode
    process.close()
    assert status in (0, -signal.SIGKILL), status
    return status == 0
