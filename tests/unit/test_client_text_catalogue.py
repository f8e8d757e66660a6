"""Catalogues: the reader of `.po` files, and the speech the screens use."""

import pytest

from mobile_client.text.catalogue import parse_po
from mobile_client.text.speech import isolated, use_language
from shared.errors import UsageError

UKRAINIAN = r"""
msgid ""
msgstr ""
"Language: uk\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && "
"(n%100<10 || n%100>=20) ? 1 : 2);\n"

#: a comment
msgid "Next"
msgstr "\u0414\u0430\u043b\u0456"

msgid "{n} draft"
msgid_plural "{n} drafts"
msgstr[0] "{n} one"
msgstr[1] "{n} few"
msgstr[2] "{n} many"

#, fuzzy
msgid "Back"
msgstr "guess"

msgid "Empty"
msgstr ""

#~ msgid "Old"
#~ msgstr "gone"
"""


def test_messages_and_plurals_are_read() -> None:
    catalogue = parse_po(UKRAINIAN)
    assert catalogue.get("Next") == "\u0414\u0430\u043b\u0456"
    forms = [catalogue.get_plural("{n} draft", "{n} drafts", n) for n in (1, 3, 5, 11, 21)]
    assert forms == ["{n} one", "{n} few", "{n} many", "{n} many", "{n} one"]


def test_fuzzy_empty_obsolete_and_unknown_fall_back_to_english() -> None:
    catalogue = parse_po(UKRAINIAN)
    assert [catalogue.get(text) for text in ("Back", "Empty", "Old", "New")] == [
        "Back", "Empty", "Old", "New",
    ]  # fmt: skip
    assert catalogue.get_plural("{n} form", "{n} forms", 2) == "{n} forms"


def test_a_broken_line_is_named() -> None:
    with pytest.raises(UsageError, match="line 2"):
        parse_po('msgid "a"\nmsgstr "b\n')


def test_values_are_fenced_off_where_direction_could_change_them() -> None:
    try:
        use_language("ar-SY")
        assert isolated("2026-11-21") == "\u20682026-11-21\u2069"
        assert isolated(25) == "25"
        assert use_language("xx").tag == "en"
        assert isolated("2026-11-21") == "2026-11-21"
        assert isolated("\u0639\u0645\u0631") == "\u2068\u0639\u0645\u0631\u2069"
    finally:
        use_language("en")
