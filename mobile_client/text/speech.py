"""The language the screens speak now. One window, one enumerator, one language at a time."""

from typing import Final

from mobile_client.text.catalogue import LANGUAGES, Catalogue, UiLanguage, load

FIRST_STRONG_ISOLATE: Final = "\u2068"
POP_ISOLATE: Final = "\u2069"


class _Speech:
    def __init__(self) -> None:
        self.language: UiLanguage = LANGUAGES[0]
        self.catalogue = Catalogue()


_now = _Speech()


def use_language(tag: str) -> UiLanguage:
    """Speak the language of a BCP 47 tag from now on, English where we have none; return it."""
    primary = tag.split("-", maxsplit=1)[0].lower()
    language = next((one for one in LANGUAGES if one.tag == primary), LANGUAGES[0])
    if language != _now.language:
        _now.catalogue = load(language.tag)
        _now.language = language
    return language


def language() -> UiLanguage:
    """Return the language spoken now."""
    return _now.language


def say(message: str, **values: object) -> str:
    """Return a message in the language spoken now; `{names}` in it are filled from `values`."""
    text = _now.catalogue.get(message)
    if not values:  # Braces in it are then its own, as in an error that quotes a file.
        return text
    return text.format_map({name: isolated(value) for name, value in values.items()})


def say_count(one: str, many: str, number: int, **values: object) -> str:
    """Return the form of a message that fits `number`, which is also `{n}` in it."""
    filled = {name: isolated(value) for name, value in values.items()}
    return _now.catalogue.get_plural(one, many, number).format(n=number, **filled)


def key(message: str) -> str:
    """Mark a message that stands in a table for the catalogues; it is said where it is drawn."""
    return message


def isolated(value: object) -> str:
    """Return a value fenced off from the direction of the sentence it is put into.

    Without the fence an Arabic sentence shows the date 2026-11-21 as 21-11-2026, and an Arabic name
    pulls the full stop of an English sentence to its side.
    """
    text = str(value)
    if not text or text.isdigit() or (text.isascii() and not _now.language.right_to_left):
        return text
    return f"{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}"
