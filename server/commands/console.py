"""What all server commands share: passphrases, answers for people or scripts, clear errors.

A passphrase comes from a prompt, a file descriptor or the environment, never from an argument:
arguments show in the process list.
"""

import getpass
import json
import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import typer

from shared.errors import CairnError, UsageError

PASSPHRASE_VARIABLE: Final = "CAIRN_PASSPHRASE"  # noqa: S105 - a name, not a secret
PASSPHRASE_BYTES_MAX: Final = 4096
EXIT_REFUSED: Final = 1

HomeOption = Annotated[
    Path,
    typer.Option("--home", "-H", envvar="CAIRN_HOME", help="The home folder.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON, for scripts.")]
PassphraseFd = Annotated[
    int | None,
    typer.Option("--passphrase-fd", help="Read the passphrase from this file descriptor."),
]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key-file", help="Read the passphrase from this file (unattended start)."),
]


class SystemClock:
    """The machine's clock: the one place on the server side that asks it."""

    def now(self) -> datetime:
        """Return the current instant in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the composition root's clock

    def monotonic_s(self) -> float:
        """Return seconds from an arbitrary start that never goes back."""
        return monotonic()


class CairnTyper(typer.Typer):
    """A command group that tells our own errors in a sentence and ends with status 1."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run; a CairnError becomes one line on standard error, never a traceback."""
        try:
            return super().__call__(*args, **kwargs)
        except CairnError as error:
            sys.stderr.write(
                f"{kwargs.get('prog_name', 'cairn')}: {error.message} [{error.code}]\n"
            )
            sys.exit(EXIT_REFUSED)


def answer(content: Mapping[str, Any], *, as_json: bool, text: str | None = None) -> None:
    """Print one answer: JSON for scripts, else `text` or a line per item."""
    if as_json:
        sys.stdout.write(json.dumps(content, ensure_ascii=False, default=str) + "\n")
    elif text is not None:
        sys.stdout.write(text + "\n")
    else:
        for name, value in content.items():
            sys.stdout.write(f"{name}: {value}\n")


def answer_rows(rows: list[dict[str, Any]], *, as_json: bool, empty: str) -> None:
    """Print a list: a JSON array, or aligned columns."""
    if as_json:
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, default=str) + "\n")
        return
    if not rows:
        sys.stdout.write(empty + "\n")
        return
    names = list(rows[0])
    shown = [[str("" if row[name] is None else row[name]) for name in names] for row in rows]
    widths = [max(len(name), *(len(line[i]) for line in shown)) for i, name in enumerate(names)]
    for line in [names, *shown]:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def read_passphrase(
    question: str,
    descriptor: int | None = None,
    key_file: Path | None = None,
    *,
    confirm: bool = False,
    variable: str = PASSPHRASE_VARIABLE,
    ask: Callable[[str], str] = getpass.getpass,
) -> str:
    """Return the passphrase from a descriptor, a key file, the environment, or a prompt.

    Raises:
        UsageError: empty, not readable, or the two typed differ.
    """
    if descriptor is not None:
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            given = stream.read(PASSPHRASE_BYTES_MAX).decode().splitlines()
        return _not_empty(given[0] if given else "")
    if key_file is not None:
        return read_key_file(key_file)
    if variable in os.environ:
        return _not_empty(os.environ[variable])
    if not sys.stdin.isatty():
        raise UsageError(
            f"no passphrase: set {variable}, or give --passphrase-fd, or run in a terminal"
        )
    typed = _not_empty(ask(f"{question}: "))
    if confirm and ask(f"{question}, once more: ") != typed:
        raise UsageError("the two passphrases differ; nothing was changed")
    return typed


def read_key_file(path: Path) -> str:
    """Return the passphrase in a key file.

    Raises:
        UsageError: not readable, or readable by others than its owner.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise UsageError(f"{path} can be read by others; run chmod 600 {path}")
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise UsageError(f"the key file {path} cannot be read: {error.strerror}") from error
    return _not_empty(lines[0] if lines else "")


def _not_empty(passphrase: str) -> str:
    if not passphrase:
        raise UsageError("the passphrase is empty")
    return passphrase


def host_port(listen: str) -> tuple[str, int]:
    """Split HOST:PORT.

    Raises:
        UsageError: not of that form.
    """
    try:
        parts = urlsplit(f"//{listen}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port is None:
        raise UsageError(f"--listen is HOST:PORT, for example 0.0.0.0:8443, not {listen!r}")
    return host, port
