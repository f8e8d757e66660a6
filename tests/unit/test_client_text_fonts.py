"""The bundled fonts: every letter of the languages we promise, the icons, and the licences."""

import pytest

from mobile_client.text.fonts import BY_SCRIPT, FONTS_DIR, ICONS, MAIN, coverage, font_for
from mobile_client.text.scripts import script_of, scripts_of
from mobile_client.widgets.icons import ICONS as ICON_TABLE

ALPHABETS = {
    "Arabic": (
        "0627 0628 062A 062B 062C 062D 062E 0633 0634 0635 0636 0637 0638 0639 063A 0641 "
        "0642 0643 0644 0645 0646 0647 0648 064A 0629 0649 0621 0626 0624 0625 0623 0622"
    ),
    "Dari": ("067E 0686 0698 06AF 06A9 06CC 06F0 06F1 06F2 06F3 06F4 06F5 06F6 06F7 06F8 06F9"),
    "Pashto": "067C 0681 0685 0689 0693 0696 069A 06AB 06BC 06D0 06CD",
    "Kurdish": "06D5 06C6 06CE 06B5 0695 06A4 0686 06AF 067E 0698",
    "Urdu": "0679 0688 0691 06BA 06BE 06C1 06D2 06C3",
    "Amharic": (
        "1200 1218 1230 1228 1240 1260 1270 1290 12A0 12A8 12C8 12D8 12E8 12F0 1308 1361 1362"
    ),
    "Tigrinya": "1248 1250 12B8 12D0 1283 1339",
    "Burmese": (
        "1000 1001 1002 1004 1005 1019 103C 1014 103A 102C 1031 102F 1030 1036 1037 1038 "
        "1039 1040 104A"
    ),
    "Hindi": "0905 0906 0907 0915 0916 0917 0939 0940 094D 0902 0964 0966",
    "Bengali": "0985 0986 0995 0996 09B9 09BE 09BF 09CD 0982 09E6",
    "Ukrainian": (
        "0430 0431 0432 0433 0491 0434 0454 0436 0438 0456 0457 0439 044C 044E 044F 0490"
    ),
    "French": (
        "00E0 00E2 00E7 00E9 00E8 00EA 00EB 00EE 00EF 00F4 0153 00F9 00FB 00FF 00AB 00BB 2019"
    ),
    "Hausa": "0253 0257 0199 01B4 02BC",
    "Vietnamese": "0103 00E2 0111 00EA 00F4 01A1 01B0 1EA1 1EBF 1ED9",
}
"""Letters beyond ASCII of each language, as code points."""


@pytest.mark.parametrize("language", ALPHABETS)
def test_every_letter_has_a_glyph_in_both_weights(language: str) -> None:
    letters = [chr(int(code, 16)) for code in ALPHABETS[language].split()]
    for char in letters:
        script = script_of(char) or script_of(letters[0]) or "Latn"
        for bold in (False, True):
            font = font_for(char, script, None, bold=bold, italic=False)
            assert ord(char) in coverage(font), f"U+{ord(char):04X}"


def test_every_icon_has_a_glyph() -> None:
    missing = [name for name, char in ICON_TABLE.items() if ord(char) not in coverage(ICONS)]
    assert missing == []


def test_every_font_file_exists_and_its_licence_lies_beside_it() -> None:
    for family in (MAIN, *BY_SCRIPT.values()):
        assert coverage(family.regular)
        assert coverage(family.bold)
        assert coverage(family.italic)
    assert "SIL OPEN FONT LICENSE" in (FONTS_DIR / "OFL.txt").read_text("utf-8")
    assert "Apache License" in (FONTS_DIR / "ICONS-LICENSE.txt").read_text("utf-8")


def test_marks_and_punctuation_take_the_script_beside_them() -> None:
    assert scripts_of("\u0639\u0645\u0631\u060c 25") == ["Arab"] * 7
    assert scripts_of("(\u12a0)") == ["Ethi"] * 3
    assert scripts_of("25") == ["Latn"] * 2


def test_a_character_no_font_has_is_still_drawn_with_some_font() -> None:
    assert font_for("\U0001f600", "Latn", None, bold=False, italic=False) == MAIN.regular
