"""Languages of a form: `French (fr)` as authors write it -> name, tag and direction."""

import re
from typing import Final

from mobile_client.presenters.views import Language

_TAGGED: Final = re.compile(r"(.*?)\s*\(([A-Za-z]{2,3}(?:-[A-Za-z0-9]+)*)\)\s*")
_RIGHT_TO_LEFT: Final = frozenset(
    {"ar", "ckb", "dv", "fa", "he", "ks", "ps", "prs", "sd", "ug", "ur", "yi"}
)


def language_of(name: str) -> Language:
    """Return a form's language; one without a tag is known by its name alone."""
    match = _TAGGED.fullmatch(name)
    tag = match[2] if match else name.strip().lower()
    return Language(name, tag, tag.partition("-")[0].lower() in _RIGHT_TO_LEFT)
