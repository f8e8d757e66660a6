"""The catalogues: complete, with the same placeholders, and for every number a form."""

import string

import pytest

from mobile_client.locale.collect import messages
from mobile_client.text.catalogue import LANGUAGES, load

TRANSLATED = [language.tag for language in LANGUAGES if language.tag != "en"]
FOUND = messages()


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def missing(tag: str, folders: tuple[str, ...]) -> list[str]:
    known = load(tag).messages
    return [
        message[0]
        for message, source in FOUND.items()
        if source.startswith(folders) and message[0] not in known
    ]


@pytest.mark.parametrize("tag", TRANSLATED)
def test_everything_the_screens_say_is_translated(tag: str) -> None:
    assert missing(tag, ("screens", "widgets")) == [], "run mobile_client/locale/collect.py"


@pytest.mark.parametrize("tag", TRANSLATED)
def test_everything_the_presenters_say_is_translated(tag: str) -> None:
    new = missing(tag, ("presenters",))
    if new:
        pytest.skip(f"said in English until {tag}.po has it: {new}")


@pytest.mark.parametrize("tag", TRANSLATED)
def test_placeholders_survive_translation(tag: str) -> None:
    known = load(tag).messages
    for message in FOUND:
        for form in known.get(message[0], ()):
            assert fields(form) <= fields(message[0]), form
        if len(message) == 1 and message[0] in known:
            assert fields(known[message[0]][0]) == fields(message[0])


@pytest.mark.parametrize(("tag", "forms"), [("fr", 2), ("es", 2), ("ar", 6), ("uk", 3)])
def test_every_number_has_its_form(tag: str, forms: int) -> None:
    catalogue = load(tag)
    used = {catalogue.plural(number) for number in range(200)}
    assert used == set(range(forms))
    for message in FOUND:
        if len(message) == 2:
            assert len(catalogue.messages[message[0]]) == forms


def test_arabic_numbers_take_the_form_the_language_asks_for() -> None:
    catalogue = load("ar")
    said = [catalogue.get_plural("{n} minute", "{n} minutes", n).format(n=n) for n in (1, 2, 3, 11)]
    assert said == ["دقيقة واحدة", "دقيقتان", "3 دقائق", "11 دقيقة"]
