"""Gettext catalogues, read from `.po` files at start: what a screen says, in its own tongue.

The stdlib reads compiled `.mo` files only; a binary beside its source goes stale, so the source is
what ships and it is parsed once, in a few milliseconds. Untranslated and fuzzy entries fall back to
the English message itself.
"""

import ast
import gettext
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from shared.errors import UsageError

LOCALE_DIR: Final = Path(__file__).resolve().parent.parent / "locale"


@dataclass(frozen=True, slots=True)
class UiLanguage:
    """A language the screens speak; its own name for itself, and its direction."""

    tag: str
    name: str
    right_to_left: bool = False


LANGUAGES: Final = (
    UiLanguage("en", "English"),
    UiLanguage("fr", "Fran\u00e7ais"),
    UiLanguage("es", "Espa\u00f1ol"),
    UiLanguage("ar", "\u0627\u0644\u0639\u0631\u0628\u064a\u0629", right_to_left=True),
    UiLanguage("uk", "\u0423\u043a\u0440\u0430\u0457\u043d\u0441\u044c\u043a\u0430"),
)


def _english(number: int) -> int:
    return int(number != 1)


@dataclass(slots=True)
class Catalogue:
    """Messages of one language."""

    messages: dict[str, tuple[str, ...]] = field(default_factory=dict)
    plural: Callable[[int], int] = _english

    def get(self, message: str) -> str:
        """Return the translation, or the English message."""
        return self.messages.get(message, (message,))[0]

    def get_plural(self, one: str, many: str, number: int) -> str:
        """Return the form for `number`."""
        forms = self.messages.get(one)
        if forms is None or len(forms) == 1:
            return one if number == 1 else many
        return forms[min(self.plural(number), len(forms) - 1)]


@dataclass(slots=True)
class _Entry:
    texts: dict[str, str] = field(default_factory=dict)
    fuzzy: bool = False
    last: str = ""


def parse_po(source: str) -> Catalogue:
    """Read a `.po` file.

    Raises:
        UsageError: a line is not part of the format; the message names it.
    """
    catalogue = Catalogue()
    entry = _Entry()
    for number, raw in enumerate([*source.splitlines(), ""], start=1):
        line = raw.strip()
        if line.startswith("#~"):
            continue
        starts_entry = line.startswith("#") or line.startswith("msgid ")
        if (not line or starts_entry) and "msgstr" in "".join(entry.texts):
            _keep(catalogue, entry)
            entry = _Entry()
        if line.startswith("#"):
            entry.fuzzy |= line.startswith("#,") and "fuzzy" in line
        elif line.startswith('"'):
            entry.texts[entry.last] += _unquote(line, number)
        elif line:
            keyword, _, quoted = line.partition(" ")
            entry.last = keyword
            entry.texts[keyword] = _unquote(quoted, number)
    return catalogue


def load(tag: str) -> Catalogue:
    """Return the catalogue of a language; English needs none."""
    path = LOCALE_DIR / f"{tag}.po"
    return parse_po(path.read_text("utf-8")) if path.exists() else Catalogue()


def _keep(catalogue: Catalogue, entry: _Entry) -> None:
    message = entry.texts.get("msgid", "")
    if not message:
        header = entry.texts.get("msgstr", "")
        for line in header.split("\n"):
            if line.startswith("Plural-Forms:"):
                rule = line.partition("plural=")[2].rstrip("; ")
                catalogue.plural = gettext.c2py(rule)
        return
    forms = tuple(
        text for keyword, text in sorted(entry.texts.items()) if keyword.startswith("msgstr")
    )
    if not entry.fuzzy and all(forms):
        catalogue.messages[message] = forms


def _unquote(quoted: str, number: int) -> str:
    try:
        text = ast.literal_eval(quoted)
    except (SyntaxError, ValueError) as error:
        raise UsageError(f"line {number} of the catalogue is not a quoted string") from error
    if not isinstance(text, str):
        raise UsageError(f"line {number} of the catalogue is not a quoted string")
    return text
