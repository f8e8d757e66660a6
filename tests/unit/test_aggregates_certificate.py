"""DISC-044: the proof that an attack failed is kept, and checked without a solver."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest
from disclosure_tables import matrix, publish, small_needs, targets
from release_kit import MissionKit, make_mission

from server.aggregates.attacker import Attack
from server.aggregates.certificate import Assumed, Certificate, certify, dump, load
from server.aggregates.knowledge import gather
from server.aggregates.programme import Programme
from server.aggregates.published import PublishedTable
from server.aggregates.suppress import Task, protect
from shared.errors import DisclosureRisk

ALONE = Assumed("g", "", grow=False, known=())


@pytest.fixture
def proved() -> tuple[Certificate, PublishedTable]:
    """A protected table and the proof of it."""
    system, spec = matrix([[3, 40, 20], [25, 30, 40], [50, 60, 70]])
    needs = small_needs(system, 5)
    table = publish(system, spec, protect(Task(system, needs, system.values + 3)).hidden)
    attack = Attack(gather([table]))
    wanted = targets(system, needs)
    outcome = attack.run_whole(wanted)
    return certify(attack, wanted, outcome.witnesses, ALONE), table


def test_it_holds_for_what_it_was_made_of_and_survives_the_file(
    proved: tuple[Certificate, PublishedTable],
) -> None:
    certificate, table = proved
    assert certificate.holds([table])
    (read,) = load(dump([certificate]))
    assert read == certificate
    assert dump([read]) == dump([certificate])


def test_it_does_not_hold_for_other_numbers_fewer_tables_or_more_cells(
    proved: tuple[Certificate, PublishedTable],
) -> None:
    certificate, table = proved
    cells = dict(table.cells)
    hidden = next(codes for codes, value in cells.items() if value is None)
    beside = next(codes for codes in cells if codes[0] == hidden[0] and cells[codes] is not None)
    changed = replace(table, cells={**cells, beside: (cells[beside] or 0) + 1})
    with pytest.raises(DisclosureRisk, match="do not add up"):
        certificate.holds([changed])
    told = replace(table, cells={**cells, hidden: 7.0})
    assert not certificate.holds([told])
    assert not replace(certificate, tables=certificate.tables[:1]).holds([table])
    assert not replace(certificate, cells=certificate.cells[1:]).holds([table])


@pytest.fixture
def mission(tmp_path: Path) -> MissionKit:
    kit = make_mission(tmp_path / "mission")
    kit.fill()
    return kit


def proofs_of(mission: MissionKit) -> Path:
    return mission.folder / "releases" / ".mission" / "draft-public.certificates.json.gz"


def test_check_takes_no_draft_whose_proof_is_gone_or_changed(mission: MissionKit) -> None:
    mission.draft()
    path = proofs_of(mission)
    kept = path.read_bytes()
    path.unlink()
    with pytest.raises(DisclosureRisk, match="no certificate"):
        mission.bench.check("public")
    data = json.loads(gzip.decompress(kept))
    place = next(n for n, one in enumerate(data) if one["tables"])
    data[place]["tables"][0][0] += 1
    path.write_bytes(gzip.compress(json.dumps(data).encode()))
    with pytest.raises(DisclosureRisk, match="does not fit"):
        mission.bench.check("public")
    path.write_bytes(kept)
    assert mission.bench.check("public")["certificates"] == len(data)


def test_it_is_kept_with_the_release_at_the_mission_alone(mission: MissionKit) -> None:
    first = mission.publish()
    kept = sorted(proofs_of(mission).parent.glob("public-*.certificates.json.gz"))
    assert [path.name for path in kept] == [f"public-{first.number:04d}.certificates.json.gz"]
    assert kept[0].stat().st_mode & 0o077 == 0
    assert not any("certificate" in path.name for path in mission.folder.glob("releases/public/*"))


def test_a_second_release_is_proved_together_with_the_first(mission: MissionKit) -> None:
    """DISC-041: the joint attack's proof names the readers whose shelf it was made with."""
    mission.publish()
    for number in range(12):
        mission.add(mission.household(f"later{number}", "1", 4))
    draft = mission.draft()
    proofs = load(proofs_of(mission).read_bytes())
    fresh = {entry.group for entry in draft.entries if entry.as_of == draft.number}
    assert {proof.assumed.group for proof in proofs} == fresh
    if fresh:
        assert "public" in {proof.assumed.reader for proof in proofs}
    assert mission.bench.check("public")["certificates"] == len(proofs)


def test_check_wants_the_joint_proof_as_well_and_of_every_target(mission: MissionKit) -> None:
    """DISC-041: a proof of this release alone says nothing about it beside the one before."""
    mission.publish()
    mission.add(*(mission.household(f"new{number}", "3", number) for number in range(40)))
    mission.publish()
    mission.add(*(mission.household(f"more{number}", "3", number) for number in range(40)))
    draft = mission.draft()
    path = proofs_of(mission)
    kept = json.loads(gzip.decompress(path.read_bytes()))
    joint = [one for one in kept if one["reader"]]
    assert joint, [entry.group for entry in draft.entries if entry.as_of == draft.number]
    alone = [one for one in kept if not one["reader"]]
    path.write_bytes(gzip.compress(json.dumps(alone).encode()))
    with pytest.raises(DisclosureRisk, match="no certificate"):
        mission.bench.check("public")
    assert any(one["targets"] for one in alone), "or the next refusal would prove nothing"
    for one in alone:
        one["targets"] = []
    path.write_bytes(gzip.compress(json.dumps([*alone, *joint]).encode()))
    with pytest.raises(DisclosureRisk, match="no certificate"):
        mission.bench.check("public")


def test_what_contradicts_itself_is_refused_and_not_waved_through(
    mission: MissionKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DISC-040: no table that fits means no proof, neither of safety nor of anything."""
    monkeypatch.setattr(Programme, "table", lambda _: None)
    with pytest.raises(DisclosureRisk, match="nothing is proved"):
        mission.draft()
