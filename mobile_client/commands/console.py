"""What every command shares: the home, the passphrase, JSON out, and errors as sentences."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass, replace
from enum import Enum
from getpass import getpass
from pathlib import Path
from typing import Any, Final

import typer

from mobile_client.services.client import Client
from mobile_client.services.machine import real_machine
from shared.clock import Clock
from shared.errors import CairnError, UsageError
from shared.sealing.keys import Suite

ENVIRONMENT: Final = "CAIRN_PASSPHRASE"
_SECRET_BYTES_MAX: Final = 4096


@dataclass(frozen=True, slots=True)
class Options:
    """What stands before the command's own name."""

    home: Path
    enumerator: str
    passphrase_fd: int | None


def passphrase(options: Options, prompt: str = "Passphrase: ") -> str:
    """Return the passphrase from the descriptor, the environment or a prompt; never an argument.

    Raises:
        UsageError: there is none and nobody to ask.
    """
    if options.passphrase_fd is not None:
        with os.fdopen(os.dup(options.passphrase_fd), "rb") as stream:
            return stream.read(_SECRET_BYTES_MAX).decode("utf-8").rstrip("\r\n")
    if ENVIRONMENT in os.environ:
        return os.environ[ENVIRONMENT]
    if not sys.stdin.isatty():
        raise UsageError(f"give the passphrase by --passphrase-fd or {ENVIRONMENT}")
    return getpass(prompt)


@contextmanager
def opened(
    options: Options,
    *,
    suite: int = int(Suite.HYBRID),
    clock: Callable[[Clock], Clock] | None = None,
) -> Iterator[Client]:
    """Open the home, locked; close it whatever happens."""
    machine = replace(real_machine(options.home), suite=Suite(suite))
    if clock is not None:
        machine = replace(machine, clock=clock(machine.clock))
    client = Client(options.home, machine)
    try:
        yield client
    finally:
        client.close()


@contextmanager
def unlocked(options: Options) -> Iterator[Client]:
    """Open the home and unlock the vault named, or the only one."""
    with opened(options) as client:
        unlock(client, options)
        yield client


def unlock(client: Client, options: Options) -> None:
    """Unlock the vault named by `--as`, or the only one."""
    client.unlock(chosen(client, options.enumerator), passphrase(options))


def chosen(client: Client, name: str) -> str:
    """Return the id of the enumerator of that name, or of the only one.

    Raises:
        UsageError: nobody of that name, or several and none named.
    """
    people = client.enumerators()
    if name:
        found = client.find_enumerator(name)
        if found is None:
            raise UsageError(f"nobody called {name!r} shares this device")
        return found
    if len(people) != 1:
        names = ", ".join(row.name for row in people) or "nobody yet"
        raise UsageError(f"say who you are with --as NAME; here are: {names}")
    return people[0].id


def plain(value: Any) -> Any:
    """Return a value as JSON holds it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(each) for name, each in asdict(value).items()}
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes | Path):
        return value.hex() if isinstance(value, bytes) else str(value)
    return value


def show(value: Any, *, as_json: bool, text: str) -> None:
    """Print a result for a script or for a person."""
    typer.echo(json.dumps(plain(value), ensure_ascii=False) if as_json else text)


@contextmanager
def explained() -> Iterator[None]:
    """Turn deliberate errors into one sentence on stderr and status 1."""
    try:
        yield
    except CairnError as error:
        typer.echo(f"{error.code}: {error.message}", err=True)
        raise typer.Exit(1) from error


def read_json(path: Path) -> Any:
    """Read a JSON file, `-` being standard input.

    Raises:
        UsageError: not there, or not JSON.
    """
    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        return json.loads(data)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{path} is not JSON: {error}") from error
