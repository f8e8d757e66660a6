# ruff: noqa: RUF001 - Cyrillic letters that look like Latin ones
"""Words the engine says by itself, in the form's languages: English where there are no others."""

import re
from collections.abc import Mapping
from typing import Final, TypeVar

_CODE: Final = re.compile(r"\(([A-Za-z]{2,3})[^)]*\)")
_NAMES: Final = {
    "arabic": "ar",
    "العربية": "ar",
    "english": "en",
    "español": "es",
    "espanol": "es",
    "spanish": "es",
    "francais": "fr",
    "français": "fr",
    "french": "fr",
    "ukrainian": "uk",
    "українська": "uk",
}
"""Names of languages as forms write them that do not begin like their code."""

BROKEN_RULE: Final[Mapping[str, Mapping[str, str]]] = {
    "required": {
        "en": "This question needs an answer.",
        "fr": "Cette question demande une réponse.",
        "es": "Esta pregunta necesita una respuesta.",
        "ar": "هذا السؤال يحتاج إلى إجابة.",
        "uk": "На це запитання потрібна відповідь.",
    },
    "constraint": {
        "en": "Not allowed here.",
        "fr": "Cette réponse n'est pas admise ici.",
        "es": "Esta respuesta no se admite aquí.",
        "ar": "هذه الإجابة غير مسموح بها هنا.",
        "uk": "Така відповідь тут не допускається.",
    },
}
"""Said where the form has no message of its own; in English for other languages."""
MONTHS: Final[Mapping[str, str]] = {
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "fr": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "es": "ene feb mar abr may jun jul ago sept oct nov dic",
    "ar": "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
    "uk": "січ лют бер кві тра чер лип сер вер жов лис гру",
}
WEEKDAYS: Final[Mapping[str, str]] = {
    "en": "Mon Tue Wed Thu Fri Sat Sun",
    "fr": "lun. mar. mer. jeu. ven. sam. dim.",
    "es": "lun mar mié jue vie sáb dom",
    "ar": "الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت الأحد",
    "uk": "пн вт ср чт пт сб нд",
}

Words = TypeVar("Words")


def in_language(language: str, known: Mapping[str, Words]) -> Words:
    """Return what is known for `French (fr)`, `fr-CH`, `fr` or `French`; else the English."""
    match = _CODE.search(language)
    word = re.split(r"[\W_]", language.strip(), maxsplit=1)[0].lower()
    code = match[1].lower() if match else _NAMES.get(word, word)
    return known.get(code, known["en"])
