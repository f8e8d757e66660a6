"""Several respondents of one record, each with a slip of their own. Rule INTK-065."""

from dataclasses import replace

from intake_kit import COORDINATOR, STEWARD, counts
from mission import MissionKit
from sealed_device import ANSWERS, MEMBER, SealedDevice

from server.deident.store import AnalyticsStore
from server.intake.pipeline import Intake
from server.intake.review import list_quarantine, release
from server.intake.withdrawing import withdraw_by_code
from server.settings import Intake as IntakeSettings
from shared.sealing.withdrawal import new_code

OTHER = MEMBER.replace("ab12", "cd34")


def member_rows(kit: MissionKit) -> int:
    """Return how many rows the table of members has."""
    store = AnalyticsStore(kit.mission.settings.store_url("analytics"), readonly=True)
    (table,) = (table.name for table in store.tables() if not table.is_root)
    rows = store.counts()[table]
    store.close()
    return rows


def test_one_of_several_leaves_alone_and_who_speaks_for_all_takes_the_record_along(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """INTK-065, CONS-009."""
    for_all, own = (new_code(kit.mission.random_bytes) for _ in range(2))
    member = replace(device.consent(own), respondent=MEMBER)
    device.interview(consents=(device.consent(for_all), member))
    intake.drain()
    assert (member_rows(kit), counts(kit)["analytic_rows"]) == (1, 1)
    device.withdraw(own)
    intake.drain()
    found = counts(kit)
    assert (member_rows(kit), found["analytic_rows"], found["live_records"]) == (0, 1, 1)
    device.withdraw(for_all)
    intake.drain()
    found = counts(kit)
    assert (found["analytic_rows"], found["withdrawn_records"]) == (0, 1)


def test_the_last_of_them_takes_the_record_along(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """INTK-065: nobody speaks for the record as a whole."""
    codes = [new_code(kit.mission.random_bytes) for _ in range(2)]
    said = [
        replace(device.consent(code), respondent=who)
        for code, who in zip(codes, (MEMBER, OTHER), strict=True)
    ]
    own = {f"{MEMBER}": 1, f"{MEMBER}/age": 33, OTHER: 2, f"{OTHER}/age": 5}
    device.direct = {"/data/interview/head_name": "", f"{MEMBER}/member_name": ""}
    device.interview({**dict.fromkeys(ANSWERS), **own}, consents=tuple(said))
    intake.drain()
    for row in list_quarantine(kit.mission, COORDINATOR):  # it answers nothing the form requires
        release(kit.mission, COORDINATOR, str(row["id"]), "only the members were met")
    assert (member_rows(kit), counts(kit)["live_records"]) == (2, 1)
    device.withdraw(codes[0])
    intake.drain()
    assert (member_rows(kit), counts(kit)["withdrawn_records"]) == (1, 0)
    device.withdraw(codes[1])
    intake.drain()
    found = counts(kit)
    assert (member_rows(kit), found["withdrawn_records"], found["live_records"]) == (0, 1, 0)


def test_a_withdrawal_says_what_it_reached_also_where_that_is_no_whole_record(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """INTK-065, INTK-061: only a code that meets nothing is told to wait."""
    for_all, own, unheard = (new_code(kit.mission.random_bytes) for _ in range(3))
    member = replace(device.consent(own), respondent=MEMBER)
    device.interview(consents=(device.consent(for_all), member))
    aside = device.interview({"/data/interview/size": 4711})
    intake.drain()
    assert withdraw_by_code(kit.mission, STEWARD, own) == 1
    assert withdraw_by_code(kit.mission, STEWARD, aside.code) == 1
    assert withdraw_by_code(kit.mission, STEWARD, unheard) == 0


def test_a_member_who_withdraws_leaves_the_rows_also_while_the_line_is_long(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """INTK-065: rows that must go do not wait until intake has nothing else to do."""
    for_all, own = (new_code(kit.mission.random_bytes) for _ in range(2))
    member = replace(device.consent(own), respondent=MEMBER)
    device.interview(consents=(device.consent(for_all), member))
    intake.drain()
    kit.mission.settings = replace(kit.mission.settings, intake=IntakeSettings(batch=1))
    device.withdraw(own)
    device.interview()
    assert intake.step().entries == 1
    assert member_rows(kit) == 0
