"""STN-024, 030..036, 039..041: what visits come to, against counts made by hand."""

from datetime import UTC, datetime
from math import exp, log
from statistics import fmean, median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from station_kit import DAY, NOW, told

from server.station.counting import count
from server.station.drawing import Around, Names, draw
from server.station.facts import Facts, Told
from server.station.papers import Named, Target
from server.station.picture import Chosen, HubState, KeyState, Picture
from server.station.quality import duration_limits
from shared.ids import EntryHash

KEY = KeyState(("aa",), "aa", "ready")


def facts(*entries: Told, **changes: object) -> Facts:
    return Facts(told={one.hash: one for one in entries}, **changes)  # type: ignore[arg-type]


def picture(
    made: Facts, targets: tuple[Target, ...] = (), names: tuple[Named, ...] = (), **chosen: str
) -> Picture:
    around = Around("Project", KEY, (HubState("hub", "Hub"),), targets, Names(names), NOW)
    return draw(made, around, Chosen(chosen.get("round", ""), chosen.get("form", "")))


# --- once each


def test_stn_030_an_interview_sealed_twice_is_one() -> None:
    """STN-030: a tablet restored from a backup finished its draft again, an incarnation later."""
    again = {"reference": b"same one"}
    made = facts(
        told(2, location="L1", **again),
        told(2, location="L2", incarnation=1, **again),
        told(4, location="L3"),
        told(2, "other tablet", location="L4", **again),
    )
    counted = count(made)
    assert (len(counted.visits), counted.repeated) == (3, 1)
    places = {place.location: place.counts.visits for place in picture(made).places}
    assert places == {"L2": 1, "L3": 1, "L4": 1}, "the higher incarnation counts, by device"


def test_stn_030_a_record_outranks_an_end_without_one() -> None:
    """STN-030: One copy of a cloned tablet gave the draft up, the other finished it."""
    same = b"same one"
    made = facts(
        told(2, outcome="finalized", reference=same),
        told(9, outcome="abandoned", reference=same, incarnation=1),
    )
    assert [visit.outcome for visit in count(made).visits] == ["finalized"]


def test_stn_030_entries_of_the_first_format_count_one_by_one() -> None:
    """STN-030."""
    old = {"reference": b"", "collector": b"", "day": None}
    made = facts(told(2, **old), told(4, **old))
    shown = picture(made)
    assert shown.total.visits == 2
    assert shown.total.last_day == ""
    assert [group.key for group in shown.by_day] == [""]


def test_stn_031_a_correction_is_no_visit() -> None:
    """STN-031."""
    made = facts(told(2), told(4, flags=("edited",), reference=b"other on"))
    shown = picture(made)
    assert (shown.total.visits, shown.total.corrections, shown.entries.corrections) == (1, 1, 1)
    assert shown.devices[0].counts.corrections == 1
    assert shown.flags == {}


def test_stn_032_any_erased_sealing_of_a_record_withdraws_it() -> None:
    """STN-032."""
    same, gone = b"same one", EntryHash(b"r" * 32)
    made = facts(
        told(2, reference=same, record=gone),
        told(2, reference=same, incarnation=1, record=EntryHash(b"s" * 32)),
        told(8, outcome="refused", record=gone),
        erased={gone},
    )
    assert sorted(visit.outcome for visit in count(made).visits) == ["refused", "withdrawn"]


def test_stn_024_two_hubs_facts_come_to_the_same_in_any_order() -> None:
    """STN-024."""
    one, two = told(2), told(4, taken_ms=5)
    earlier = told(2, taken_ms=9)
    late = facts(two, seen_ms={two.author: 7}, late={two.hash})
    first = facts(one, earlier, seen_ms={one.author: 9})
    sums = []
    for parts in ((first, late), (late, first)):
        whole = Facts()
        for part in parts:
            whole.add(part)
        sums.append((whole.told, whole.seen_ms, whole.late))
    assert sums[0] == sums[1]
    assert sums[0][1] == {one.author: 9}


# --- rates and completeness


def test_stn_035_the_response_rate() -> None:
    """STN-035."""
    ends = ["finalized"] * 6 + ["refused", "absent", "absent", "inaccessible", "abandoned"]
    gone = EntryHash(b"r" * 32)
    entries = [told(2 * n, outcome=end) for n, end in enumerate(ends, 1)]
    entries.append(told(99, record=gone))
    total = picture(facts(*entries, erased={gone})).total
    assert (total.visits, total.complete, total.withdrawn) == (12, 6, 1)
    assert (total.refused, total.absent, total.inaccessible, total.abandoned) == (1, 2, 1, 1)
    assert total.response_rate == pytest.approx(7 / 12)
    assert picture(facts()).total.response_rate is None


def test_stn_036_locations_against_their_targets() -> None:
    """STN-036."""
    gone = EntryHash(b"r" * 32)
    made = facts(
        *(told(n, location="L1") for n in (2, 4, 6)),
        told(8, location="L2"),
        told(10, location="L2", record=gone),
        told(12, location="L2", outcome="refused"),
        told(14, location="elsewhere"),
        erased={gone},
    )
    targets = (Target("L2", 2, "Two"), Target("L1", 2), Target("L3", 5))
    shown = picture(made, targets)
    rows = [(p.location, p.target, p.counts.complete, p.left, p.state) for p in shown.places]
    assert rows == [
        ("L2", 2, 1, 1, "under_way"),
        ("L1", 2, 3, 0, "complete"),
        ("L3", 5, 0, 5, "not_begun"),
        ("elsewhere", None, 1, None, "no_target"),
    ]
    assert shown.places[0].share == 0.5
    assert shown.goal is not None
    assert (shown.goal.target, shown.goal.complete, shown.goal.left) == (9, 4, 6)
    assert (shown.goal.locations_complete, shown.goal.locations_not_begun) == (1, 1)


def test_stn_036_targets_of_a_round_or_form_count_their_own() -> None:
    """STN-036."""
    made = facts(
        told(2, round_id="1"),
        told(4, round_id="2"),
        told(6, round_id="2", form_id="site"),
    )
    targets = (Target("L1", 4, round="1"), Target("L1", 4, round="2", form="household"))
    assert [p.counts.visits for p in picture(made, targets).places] == [1, 1, 1]
    second = picture(made, targets, round="2")
    assert [(p.round, p.counts.visits) for p in second.places] == [("2", 1), ("", 1)]
    assert second.rounds == ("1", "2"), "the choice stays whole"
    assert second.total.visits == 2
    assert picture(made, targets, form="site").total.visits == 1


def test_groups_by_round_form_team_person_and_day() -> None:
    made = facts(
        told(2, "t1", collector=b"\xa1" * 8, day=DAY),
        told(4, "t1", collector=b"\xb2" * 8, day=DAY - 1, round_id="2"),
        told(2, "t2", collector=b"\xa1" * 8, form_id="site"),
        told(4, "t2", collector=b""),
    )
    one, two = (next(t.author.hex() for t in made.told.values() if t.progress.form_id == form)
                for form in ("household", "site"))  # fmt: skip
    names = (
        Named(one[:8], name="Tablet 1", team="North"),
        Named(one[:8], "b2b2", "Bashir", "Night team"),
        Named(two[:10], team="South"),
    )
    shown = picture(made, names=names)
    assert {g.key: g.visits for g in shown.by_team} == {"North": 1, "Night team": 1, "South": 2}
    assert {g.key: (g.visits, g.label) for g in shown.by_enumerator} == {
        "": (1, ""),
        f"{one[:8]}/a1a1": (1, ""),
        f"{one[:8]}/b2b2": (1, "Bashir"),
        f"{two[:8]}/a1a1": (1, ""),
    }
    assert {g.key: g.visits for g in shown.by_day} == {"2026-11-21": 1, "2026-11-22": 3}
    assert {g.key: g.visits for g in shown.by_round} == {"1": 3, "2": 1}
    assert {row.name for row in shown.devices} == {"Tablet 1", ""}


# --- quality


def test_stn_039_a_clock_that_is_ahead_is_named() -> None:
    """STN-039."""
    made = facts(
        told(2, day=DAY + 1, taken_ms=DAY * 86_400_000),
        told(4, day=DAY + 2, taken_ms=DAY * 86_400_000),
    )
    assert picture(made).devices[0].clock_ahead == 1


def test_stn_039_a_day_that_no_calendar_knows_does_no_harm() -> None:
    """STN-039."""
    made = facts(told(2, day=2**60), told(4, day=-(2**60)))
    assert picture(made).total.last_day == ""
    assert [group.key for group in picture(made).by_day] == [""]


def test_stn_040_limits_by_hand() -> None:
    """STN-040: Seconds 100 .. 1000: the formula of the rule, worked out here apart."""
    seconds = [600, 620, 640, 660, 700, 720, 760, 800, 840, 900, 60, 9000]
    logs = [log(value) for value in seconds]
    centre = median(logs)
    mad = median(abs(value - centre) for value in logs)
    limits = duration_limits(seconds)
    assert limits is not None
    assert limits.low_s == pytest.approx(exp(centre - 3.5 * mad / 0.6745))
    assert limits.high_s == pytest.approx(exp(centre + 3.5 * mad / 0.6745))
    assert [value for value in seconds if limits.is_short(value)] == [60]
    assert [value for value in seconds if limits.is_long(value)] == [9000]
    made = facts(*(told(2 * n, duration_s=value) for n, value in enumerate(seconds, 1)))
    shown = picture(made)
    (row,) = shown.durations
    assert (row.too_short, row.too_long, row.median_s) == (1, 1, 710)
    assert (shown.total.too_short, shown.devices[0].counts.too_long) == (1, 1)


def test_stn_040_where_most_are_equal_the_mean_distance_stands_in() -> None:
    """STN-040."""
    seconds = [600] * 10 + [60]
    spread = fmean(abs(log(value) - log(600)) for value in seconds) / 0.7979
    limits = duration_limits(seconds)
    assert limits is not None
    assert limits.low_s == pytest.approx(600 * exp(-3.5 * spread))
    assert limits.is_short(60)


def test_stn_040_too_few_or_all_equal_say_nothing() -> None:
    """STN-040."""
    assert duration_limits([]) is None
    assert duration_limits([0, 0]) is None
    for seconds in ([60, 600, 6000] * 3, [600] * 20):
        limits = duration_limits(seconds)
        assert limits is not None
        assert (limits.low_s, limits.high_s) == (None, None)
        assert not limits.is_short(1)
        assert not limits.is_long(10**9)


def test_stn_041_flags_are_counted_by_name_and_visits_with_any() -> None:
    """STN-041."""
    made = facts(
        told(2, flags=("far", "night")), told(4, flags=("far", "far")), told(6, "t2", flags=())
    )
    shown = picture(made)
    assert shown.flags == {"far": 2, "night": 1}
    assert shown.total.flagged == 2
    assert [row.counts.flagged for row in shown.devices] in ([2, 0], [0, 2])


def test_stn_042_devices_by_silence_and_those_that_never_came() -> None:
    """STN-042."""
    now_ms = int(NOW.timestamp() * 1000)
    one, two = told(2, "t1"), told(2, "t2")
    never = told(2, "t3").author
    made = facts(
        one,
        two,
        seen_ms={one.author: now_ms - 60_000, two.author: now_ms - 7_200_000},
        enrolled={one.author, two.author, never},
    )
    rows = picture(made).devices
    assert [row.silent_s for row in rows] == [7200, 60, None]
    assert rows[2].seen_at == ""
    assert datetime.fromisoformat(rows[1].seen_at) == NOW.replace(minute=59, hour=11, tzinfo=UTC)


# --- laws

visits = st.lists(
    st.builds(
        told,
        st.integers(1, 6),
        st.sampled_from(["t1", "t2"]),
        incarnation=st.integers(0, 1),
        outcome=st.sampled_from(["finalized", "refused", "absent", "abandoned"]),
        location=st.sampled_from(["L1", "L2", ""]),
        reference=st.sampled_from([b"", b"refer 01", b"refer 02"]),
        flags=st.sampled_from([(), ("edited",), ("far",)]),
        duration_s=st.integers(0, 9000),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(visits, st.randoms(use_true_random=False))
def test_stn_033_the_picture_does_not_depend_on_the_order(
    entries: list[Told], dice: object
) -> None:
    """And every part sums up to the whole."""
    shuffled = list(entries)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    one, two = picture(facts(*entries)), picture(facts(*shuffled))
    assert one == two
    total = one.total
    ended = (total.complete, total.withdrawn, total.refused, total.absent, total.inaccessible)
    assert sum(ended) + total.abandoned == total.visits
    for groups in (one.by_round, one.by_form, one.by_team, one.by_enumerator, one.by_day):
        assert sum(group.visits for group in groups) == total.visits
        assert sum(group.corrections for group in groups) == total.corrections
    assert sum(place.counts.visits for place in one.places) == total.visits
    assert sum(row.counts.visits for row in one.devices) == total.visits
    entries_told = one.entries.repeated + one.entries.corrections + one.entries.late
    assert total.visits + entries_told == one.entries.opened
