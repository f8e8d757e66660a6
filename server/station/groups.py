"""Visits counted together: by place, round, form, team, device, enumerator or day. Pure.

Rules STN-035, STN-036, STN-040, STN-041.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from server.station.counting import WITHDRAWN, Visit
from server.station.facts import Told
from server.station.papers import Target
from server.station.quality import Limits, duration_limits
from shared.records.small import Outcome

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Group:
    """Some visits, counted.

    Attributes:
        key: what they have in common; label: the same for people, where it has a name.
        complete: finalized and not withdrawn.
        response_rate: None where nobody was visited.
        flagged: visits with a flag.
        last_day: ISO date, "" where none is known.
    """

    key: str
    label: str
    visits: int
    complete: int
    withdrawn: int
    refused: int
    absent: int
    inaccessible: int
    abandoned: int
    response_rate: float | None
    corrections: int
    median_s: int | None
    too_short: int
    too_long: int
    flagged: int
    last_day: str


@dataclass(frozen=True, slots=True)
class Place:
    """A location against its target; target, left and share are None where it has none."""

    location: str
    name: str
    round: str
    form: str
    target: int | None
    left: int | None
    share: float | None
    state: str
    counts: Group


Usual = Mapping[str, Limits]
"""Form id -> which durations are usual."""


def day_text(day: int | None) -> str:
    """Return days since 1970 as an ISO date; "" where there is none a calendar knows."""
    try:
        return "" if day is None else date.fromordinal(day + _EPOCH_ORDINAL).isoformat()
    except (ValueError, OverflowError):
        return ""


def usual_durations(visits: Iterable[Visit]) -> dict[str, Limits]:
    """Return the limits of each form's interviews, over all rounds."""
    durations: dict[str, list[int]] = {}
    for visit in visits:
        if visit.is_interview:
            progress = visit.told.progress
            durations.setdefault(progress.form_id, []).append(progress.duration_s)
    limits = {form: duration_limits(values) for form, values in sorted(durations.items())}
    return {form: found for form, found in limits.items() if found is not None}


def group(
    key: str, visits: Sequence[Visit], usual: Usual, *, label: str = "", corrections: int = 0
) -> Group:
    """Count some visits."""
    ends = Counter(visit.outcome for visit in visits)
    interviews = [visit.told.progress for visit in visits if visit.is_interview]
    durations = [progress.duration_s for progress in interviews if progress.duration_s > 0]
    timed = [(p.duration_s, usual[p.form_id]) for p in interviews if p.form_id in usual]
    days = [visit.told.progress.day for visit in visits if visit.told.progress.day is not None]
    return Group(
        key=key,
        label=label,
        visits=len(visits),
        complete=ends[Outcome.FINALIZED],
        withdrawn=ends[WITHDRAWN],
        refused=ends[Outcome.REFUSED],
        absent=ends[Outcome.ABSENT],
        inaccessible=ends[Outcome.INACCESSIBLE],
        abandoned=ends[Outcome.ABANDONED],
        response_rate=len(interviews) / len(visits) if visits else None,
        corrections=corrections,
        median_s=round(median(durations)) if durations else None,
        too_short=sum(limits.is_short(seconds) for seconds, limits in timed),
        too_long=sum(limits.is_long(seconds) for seconds, limits in timed),
        flagged=sum(bool(visit.told.progress.flags) for visit in visits),
        last_day=day_text(max(days, default=None)),
    )


def grouped(
    visits: Iterable[Visit],
    corrections: Iterable[Told],
    usual: Usual,
    key: Callable[[Told], str],
    label: Callable[[str], str] = lambda _: "",
) -> tuple[Group, ...]:
    """Count visits by a key, in the key's order."""
    members: dict[str, list[Visit]] = {}
    for visit in visits:
        members.setdefault(key(visit.told), []).append(visit)
    edits = Counter(key(told) for told in corrections)
    return tuple(
        group(name, members.get(name, []), usual, label=label(name), corrections=edits[name])
        for name in sorted(members.keys() | edits.keys())
    )


def flags_of(visits: Iterable[Visit]) -> dict[str, int]:
    """Return how many visits have each flag, the most frequent first."""
    found = Counter(flag for visit in visits for flag in set(visit.told.progress.flags))
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def places(visits: Sequence[Visit], targets: Iterable[Target], usual: Usual) -> tuple[Place, ...]:
    """Return every location with a target, in the file's order, then those without."""
    found: list[Place] = []
    matched: set[bytes] = set()
    located: dict[str, list[Visit]] = {}
    for visit in visits:
        located.setdefault(visit.told.progress.location, []).append(visit)
    for target in targets:
        here = [v for v in located.get(target.location, ()) if _belongs(v, target)]
        matched |= {visit.told.hash for visit in here}
        counts = group(target.location, here, usual, label=target.name)
        left = max(0, target.target - counts.complete)
        state = "not_begun" if not here else "under_way" if left else "complete"
        share = counts.complete / target.target
        found.append(
            Place(
                *(target.location, target.name, target.round, target.form, target.target),
                left=left,
                share=share,
                state=state,
                counts=counts,
            )
        )
    others = [visit for visit in visits if visit.told.hash not in matched]
    without = grouped(others, (), usual, lambda told: told.progress.location)
    found += [Place(c.key, "", "", "", None, None, None, "no_target", c) for c in without]
    return tuple(found)


def _belongs(visit: Visit, target: Target) -> bool:
    progress = visit.told.progress
    return target.round in ("", progress.round_id) and target.form in ("", progress.form_id)
