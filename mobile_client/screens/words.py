"""How screens put numbers, times and states into words."""

from datetime import date, datetime
from typing import Final

from mobile_client.presenters.presenter import Notice
from mobile_client.presenters.rows import EntryState
from mobile_client.text.speech import key, say, say_count
from mobile_client.widgets.calendar import DATES

STATE_SIGNS: Final[dict[EntryState, tuple[str, str, str]]] = {
    EntryState.ON_DEVICE: (key("On this device"), "warn", "ready"),
    EntryState.HANDED_OVER: (key("Handed over"), "primary", "handed_over"),
    EntryState.RECEIVED: (key("Received"), "ok", "received"),
}
"""Word, tone and shape of each state; the word is a catalogue key."""

_KB: Final = 1000
_MINUTE_S: Final = 60
_HOUR_S: Final = 3600


def say_notice(notice: Notice) -> str:
    """Return a presenter's sentence in the language spoken now."""
    return say(notice.text, **notice.values)


def say_state(state: EntryState) -> tuple[str, str, str]:
    """Return word, tone and icon of a state."""
    word, tone, icon = STATE_SIGNS[state]
    return say(word), tone, icon


def say_size(size_bytes: int) -> str:
    """Return a size in the unit a person would use."""
    size = float(size_bytes)
    for unit in ("B", "KB", "MB"):
        if size < _KB:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 10 else f"{size:.1f} {unit}"  # noqa: PLR2004
        size /= _KB
    return f"{size:.1f} GB"


def say_day(day: date) -> str:
    """Return a date with the month in words."""
    return say(DATES[day.month - 1], day=day.day, year=day.year)


def say_when(at_ms: int, now: datetime) -> str:
    """Return how long ago something was, or its date when that is more than a day."""
    moment = datetime.fromtimestamp(at_ms / 1000, tz=now.tzinfo)
    passed_s = (now - moment).total_seconds()
    if passed_s < _MINUTE_S:
        return say("just now")
    if passed_s < _HOUR_S:
        minutes = int(passed_s // _MINUTE_S)
        return say_count("{n} minute ago", "{n} minutes ago", minutes)
    if moment.date() == now.date():
        return say("today {time}", time=f"{moment:%H:%M}")
    return say("{date}, {time}", date=say_day(moment), time=f"{moment:%H:%M}")


def say_left(seconds: float) -> str:
    """Return a duration in the unit a person would use."""
    if seconds < _MINUTE_S:
        return say_count("{n} second", "{n} seconds", max(1, round(seconds)))
    if seconds < _HOUR_S:
        return say_count("{n} minute", "{n} minutes", round(seconds / _MINUTE_S))
    return say_count("{n} hour", "{n} hours", round(seconds / _HOUR_S))
