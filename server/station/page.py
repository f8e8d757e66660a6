"""The picture as the page shows it: words, ages and notices in the reader's language."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from server.hub.status import age_text
from server.station.picture import ClosedRow, DeviceRow, Picture
from server.station.words import LANGUAGES, RIGHT_TO_LEFT, words_for
from server.web.hq.rendering import language_of
from server.web.hq.words import number_text
from shared.records.checks import FORM_CHECK

_HOUR_S: Final = 3600
_SILENT_S: Final = 24 * _HOUR_S
_UNITS: Final = {"min": "minutes", "h": "hours", "d": "days_ago"}


class Page:
    """Renders pictures."""

    def __init__(self) -> None:
        templates = Environment(
            loader=PackageLoader("server.station"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._station = templates.get_template("station.html")
        self._shut = templates.get_template("shut.html")

    def station(self, request: Request, picture: Picture) -> str:
        """Return the page of a picture."""
        language = language_of(request, LANGUAGES)
        words = words_for(language)

        def link(**changes: str) -> str:
            chosen = {"lang": language, "round": picture.chosen.round, "form": picture.chosen.form}
            return "/?" + urlencode({k: v for k, v in {**chosen, **changes}.items() if v})

        return self._station.render(
            **_frame(language, words),
            p=picture,
            link=link,
            attention=attention(picture, words),
            number=lambda value: number_text(value, language),
            percent=lambda share: "" if share is None else f"{share:.0%}",
            minutes=lambda seconds: _minutes(seconds, words),
            age=lambda row: _age(row, words),
            remarks=lambda row: remarks(row, words),
            flag=lambda name: flag_text(name, words),
            silent=lambda row: row.silent_s is None or row.silent_s >= _SILENT_S,
        )

    def shut(self, request: Request) -> str:
        """Return the page for whoever has no key to it."""
        language = language_of(request, LANGUAGES)
        return self._shut.render(**_frame(language, words_for(language)))


def _frame(language: str, words: Mapping[str, str]) -> dict[str, Any]:
    return {
        "w": words,
        "language": language,
        "languages": LANGUAGES,
        "direction": "rtl" if language in RIGHT_TO_LEFT else "ltr",
    }


def attention(picture: Picture, words: Mapping[str, str]) -> list[str]:
    """Return what stands between the coordinator and a whole picture, in words (STN-053)."""
    said = []
    if picture.key.state != "ready":
        said.append(words[f"key_{picture.key.state}"].format(key=picture.key.in_force))
    said += [
        f"{words['hub_error'].format(hub=hub.label or hub.home)} {hub.error}"
        for hub in picture.hubs
        if hub.error
    ]
    said += [_closed(row, words) for row in picture.entries.closed]
    return said + [
        words["unverified"].format(log=log[:8], why=why) for log, why in picture.entries.unverified
    ]


def _closed(row: ClosedRow, words: Mapping[str, str]) -> str:
    return words[f"closed_{row.reason}"].format(n=row.entries, device=row.device, key=row.key_id)


def remarks(row: DeviceRow, words: Mapping[str, str]) -> list[str]:
    """Return what is peculiar of a device."""
    said = [words[name] for name in ("forked", "revoked") if getattr(row, name)]
    counted = (("clock", row.clock_ahead), ("late", row.late), ("closed", row.closed))
    return said + [words[name].format(n=number) for name, number in counted if number]


def flag_text(name: str, words: Mapping[str, str]) -> str:
    """Return a check in words; one that is not known here stands as it is (STN-005)."""
    if name.startswith(FORM_CHECK):
        return f"{words['flag_form']} {name.removeprefix(FORM_CHECK)}"
    return words.get(f"flag_{name}", name)


def _minutes(seconds: float | None, words: Mapping[str, str]) -> str:
    return "" if seconds is None else words["minutes"].format(n=round(seconds / 60))


def _age(row: DeviceRow, words: Mapping[str, str]) -> str:
    if row.silent_s is None:
        return words["never"]
    seen = datetime.fromisoformat(row.seen_at)
    amount, unit = age_text(seen, seen + timedelta(seconds=row.silent_s)).split()
    return words["ago"].format(age=words[_UNITS[unit]].format(n=amount))
