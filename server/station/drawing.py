"""Facts -> the picture. Pure: equal facts give an equal picture, whatever came when."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from server.station.counting import Counted, Visit, count
from server.station.facts import Facts, Told
from server.station.groups import (
    Place,
    Usual,
    day_text,
    flags_of,
    group,
    grouped,
    places,
    usual_durations,
)
from server.station.papers import Named, Target
from server.station.picture import (
    Chosen,
    ClosedRow,
    DeviceRow,
    DurationRow,
    Entries,
    Goal,
    HubState,
    KeyState,
    Picture,
)
from shared.ids import AuthorId

SHOWN_DIGITS: Final = 8
COLLECTOR_DIGITS: Final = 4
_DAY_MS: Final = 86_400_000


class Names:
    """Names of devices and people, as the coordinator gave them."""

    def __init__(self, rows: Iterable[Named]) -> None:
        self._rows = sorted(rows, key=lambda row: (-len(row.device), -len(row.enumerator)))

    def device(self, author: AuthorId) -> Named:
        """Return a device's line, or an empty one."""
        return self._find(author, b"")

    def person(self, author: AuthorId, collector: bytes) -> Named:
        """Return the line of an enumerator on a device, or an empty one."""
        return self._find(author, collector) if collector else Named(author.hex())

    def team(self, author: AuthorId, collector: bytes) -> str:
        """Return the team of who collected, else of the device."""
        return self.person(author, collector).team or self.device(author).team

    def _find(self, author: AuthorId, collector: bytes) -> Named:
        for row in self._rows:
            of_kind = bool(row.enumerator) is bool(collector)
            here = author.hex().startswith(row.device)
            if of_kind and here and collector.hex().startswith(row.enumerator):
                return row
        return Named(author.hex())


@dataclass(frozen=True, slots=True)
class Around:
    """What a picture is drawn from beside the facts."""

    project: str
    key: KeyState
    hubs: tuple[HubState, ...]
    targets: Sequence[Target]
    names: Names
    now: datetime


def draw(facts: Facts, around: Around, chosen: Chosen) -> Picture:
    """Return the picture of some facts."""
    whole = count(facts)
    usual = usual_durations(whole.visits)
    counted = _only(whole, chosen)
    visits, edits, names = counted.visits, counted.corrections, around.names
    wanted = [target for target in around.targets if _is_shown(target, chosen)]
    located = places(visits, wanted, usual)
    everything = [visit.told for visit in whole.visits]
    labels = {
        _person(told): names.person(told.author, told.progress.collector).name
        for told in (*everything, *whole.corrections)
    }
    return Picture(
        project=around.project,
        at=around.now.isoformat(timespec="seconds"),
        key=around.key,
        hubs=around.hubs,
        chosen=chosen,
        rounds=tuple(sorted({told.progress.round_id for told in everything})),
        forms=tuple(sorted({told.progress.form_id for told in everything})),
        entries=_entries(facts, whole),
        total=group("", visits, usual, corrections=len(edits)),
        goal=_goal(located),
        places=located,
        by_round=grouped(visits, edits, usual, lambda told: told.progress.round_id),
        by_form=grouped(visits, edits, usual, lambda told: told.progress.form_id),
        by_team=grouped(
            visits, edits, usual, lambda told: names.team(told.author, told.progress.collector)
        ),
        by_enumerator=grouped(visits, edits, usual, _person, lambda key: labels.get(key, "")),
        by_day=grouped(visits, edits, usual, lambda told: day_text(told.progress.day)),
        devices=_devices(facts, counted, around, usual),
        durations=_durations(counted, usual),
        flags=flags_of(visits),
    )


def _person(told: Told) -> str:
    """Return device and enumerator as digits: no name travels in progress."""
    digits = told.progress.collector.hex()[:COLLECTOR_DIGITS]
    return f"{told.author.hex()[:SHOWN_DIGITS]}/{digits}" if digits else ""


def _only(counted: Counted, chosen: Chosen) -> Counted:
    def fits(told: Told) -> bool:
        progress = told.progress
        return chosen.round in ("", progress.round_id) and chosen.form in ("", progress.form_id)

    return Counted(
        tuple(visit for visit in counted.visits if fits(visit.told)),
        tuple(told for told in counted.corrections if fits(told)),
        counted.late,
        counted.repeated,
    )


def _is_shown(target: Target, chosen: Chosen) -> bool:
    return (not chosen.round or target.round in ("", chosen.round)) and (
        not chosen.form or target.form in ("", chosen.form)
    )


def _goal(located: Sequence[Place]) -> Goal | None:
    aimed = [(place, place.target) for place in located if place.target is not None]
    if not aimed:
        return None
    return Goal(
        target=sum(target for _, target in aimed),
        complete=sum(place.counts.complete for place, _ in aimed),
        left=sum(place.left or 0 for place, _ in aimed),
        locations=len(aimed),
        locations_complete=sum(place.state == "complete" for place, _ in aimed),
        locations_not_begun=sum(place.state == "not_begun" for place, _ in aimed),
    )


def _entries(facts: Facts, whole: Counted) -> Entries:
    closed = Counter(
        (author.hex()[:SHOWN_DIGITS], str(why.reason), why.key_id)
        for author, why in facts.closed.values()
    )
    return Entries(
        opened=len(facts.told),
        repeated=whole.repeated,
        corrections=len(whole.corrections),
        late=len(whole.late),
        closed=tuple(ClosedRow(*key, entries) for key, entries in sorted(closed.items())),
        unverified=tuple(sorted(facts.unverified.items())),
    )


def _devices(facts: Facts, counted: Counted, around: Around, usual: Usual) -> tuple[DeviceRow, ...]:
    """Return every device, the longest silent first, those never heard of at the end."""
    late = Counter(one.author for one in counted.late)
    closed = Counter(author for author, _ in facts.closed.values())
    ahead = Counter(
        one.author
        for one in facts.told.values()
        if one.progress.day is not None and one.progress.day > one.taken_ms // _DAY_MS + 1
    )
    now_ms = int(around.now.timestamp() * 1000)
    visits: dict[AuthorId, list[Visit]] = {}
    for visit in counted.visits:
        visits.setdefault(visit.told.author, []).append(visit)
    edits = Counter(one.author for one in counted.corrections)
    rows = []
    heard = {one.author for one in facts.told.values()} | closed.keys() | facts.seen_ms.keys()
    for author in facts.enrolled | heard:
        seen_ms = facts.seen_ms.get(author)
        named = around.names.device(author)
        digits = author.hex()[:SHOWN_DIGITS]
        rows.append(
            DeviceRow(
                device=digits,
                name=named.name,
                team=named.team,
                seen_at="" if seen_ms is None else _instant(seen_ms),
                silent_s=None if seen_ms is None else max(0, now_ms - seen_ms) // 1000,
                forked=author in facts.forked,
                revoked=author in facts.revoked,
                clock_ahead=ahead[author],
                late=late[author],
                closed=closed[author],
                counts=group(
                    digits,
                    visits.get(author, []),
                    usual,
                    label=named.name,
                    corrections=edits[author],
                ),
            )
        )
    never = -1
    return tuple(
        sorted(rows, key=lambda r: (-(never if r.silent_s is None else r.silent_s), r.device))
    )


def _instant(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")


def _durations(counted: Counted, usual: Usual) -> tuple[DurationRow, ...]:
    rows = []
    for counts in grouped(counted.visits, (), usual, lambda told: told.progress.form_id):
        limits = usual.get(counts.key)
        if limits is None:
            continue
        rows.append(
            DurationRow(
                form=counts.key,
                interviews=limits.count,
                median_s=round(limits.median_s),
                low_s=None if limits.low_s is None else round(limits.low_s),
                high_s=None if limits.high_s is None else round(limits.high_s),
                too_short=counts.too_short,
                too_long=counts.too_long,
            )
        )
    return tuple(rows)
