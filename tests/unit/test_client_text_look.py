"""The look: contrast of every pair of colours that meet, and sizes a glove can hit."""

import pytest

from mobile_client.look import DARK, LIGHT, PALETTES, SUN, TARGET_DP, TEXT_SP, Palette, contrast

TEXT_ON = [
    ("ink", "background"), ("ink", "surface"), ("muted", "background"), ("muted", "surface"),
    ("on_primary", "primary"), ("on_tint", "tint"), ("ok", "ok_tint"), ("warn", "warn_tint"),
    ("error", "error_tint"), ("error", "surface"), ("identity", "identity_tint"), ("ink", "line"),
]  # fmt: skip


def ratio(palette: Palette, one: str, other: str) -> float:
    return contrast(getattr(palette, one), getattr(palette, other))


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON)
def test_text_is_legible_at_seven_to_one(palette: Palette, text: str, ground: str) -> None:
    assert ratio(palette, text, ground) >= 7


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_the_outline_of_a_target_stands_out_at_three_to_one(palette: Palette) -> None:
    assert ratio(palette, "edge", "surface") >= 3
    assert ratio(palette, "primary", "background") >= 3


def test_in_the_sun_everything_is_black_or_white() -> None:
    assert len(PALETTES) == 3
    for text, ground in TEXT_ON:
        if (text, ground) != ("ink", "line"):  # Lines are as black as the text in the sun.
            assert ratio(SUN, text, ground) == pytest.approx(21), (text, ground)


def test_targets_and_letters_are_large_enough() -> None:
    assert TARGET_DP >= 48
    assert min(TEXT_SP.values()) >= 14
