"""The words of the station's page, from words.toml: English, French, Spanish and Arabic."""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Final

LANGUAGES: Final = {"en": "English", "fr": "Français", "es": "Español", "ar": "العربية"}
RIGHT_TO_LEFT: Final = frozenset({"ar"})


@lru_cache(maxsize=1)
def _words() -> Mapping[str, Mapping[str, str]]:
    text = resources.files("server.station").joinpath("words.toml").read_text("utf-8")
    return tomllib.loads(text)


@lru_cache(maxsize=8)
def words_for(language: str) -> Mapping[str, str]:
    """Return every word of the page in one language."""
    return {key: texts[language] for key, texts in _words().items()}
