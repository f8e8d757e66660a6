"""Guides and README tell the truth: every command in them exists and takes the options shown."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer

from cairn import COMMANDS

REPO = Path(__file__).resolve().parents[2]
TEXTS = [REPO / "README.md", *sorted((REPO / "docs" / "guides").glob("*.md")),
         REPO / "docs" / "spec" / "release.md"]  # fmt: skip
SHOWN = re.compile(r"(?:^|`)(cairn [a-z][^`\n#]*)", re.MULTILINE)
PLAIN = re.compile(r"[a-z][a-z-]*\Z")


def shown() -> Iterator[tuple[str, str]]:
    for text in TEXTS:
        for line in SHOWN.findall(text.read_text("utf-8")):
            yield text.name, line.strip()


@pytest.fixture(scope="module")
def trees() -> dict[str, Any]:
    """Return the command trees by first word."""
    return {
        name: typer.main.get_command(import_module(module).app)
        for name, (module, _) in COMMANDS.items()
    }


@pytest.mark.parametrize(("text", "line"), sorted(set(shown())))
def test_a_command_that_a_guide_shows_exists(trees: dict[str, Any], text: str, line: str) -> None:
    """Several may share a line: `a|b`, `x | y`; what is in capitals or dots is the reader's."""
    words = re.sub(r"\s\|\s.*", "", line).split()[1:]
    assert words[0] in trees, f"{text}: {line}"
    for first in words[0].split("|"):
        follow(trees[first], words[1:], f"{text}: {line}")


def follow(command: Any, words: list[str], where: str) -> None:
    """Walk down a command tree by words, then look its options up."""
    rest = list(words)
    options: set[str] = set()
    while True:
        options |= {name for one in command.params for name in one.opts + one.secondary_opts}
        if not hasattr(command, "commands"):
            break
        while rest and (rest[0].startswith(("-", "[")) or not PLAIN.match(rest[0].split("|")[0])):
            rest.pop(0)  # options of the group, and their values
        if not rest:
            break
        names = rest.pop(0).split("|")
        missing = [name for name in names if PLAIN.match(name) and name not in command.commands]
        assert not missing, f"{where}: there is no {missing[0]}"
        command = command.commands[names[0]]
    given = {re.split(r"[=\]]", word.lstrip("["))[0] for word in words if re.match(r"\[?--", word)}
    unknown = {option for option in given if option not in options and option != "--help"}
    assert not unknown, f"{where}: no option {sorted(unknown)}"


@pytest.mark.parametrize("line", ["cairn server frobnicate", "cairn hq pull --harder --home HOME"])
def test_a_command_that_is_not_there_would_be_found(trees: dict[str, Any], line: str) -> None:
    with pytest.raises(AssertionError, match=r"there is no|no option"):
        test_a_command_that_a_guide_shows_exists(trees, "guide", line)
