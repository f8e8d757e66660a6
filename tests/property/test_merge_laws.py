"""SYNC-060 to SYNC-068 as laws: replicas converge and agree with an independent model.

Histories are made by two to four devices that edit, delete, resolve and exchange any part of what
they hold, in any order, with whatever their clocks say.
"""

import json
import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from merge_model import DELETED, Model, Rev
from soak import moved

from sync.core.merge_json import merge_json
from sync.core.rules import rules_from_json

AA, BB = "/d/m[00000000000000aa]", "/d/m[00000000000000bb]"
INNER = f"{AA}/n[00000000000000cc]"
FIELDS = [
    "/d/phone", "/d/rooms", "/d/needs", "/d/lat", "/d/lon", AA, f"{AA}/age", f"{AA}/lat",
    f"{AA}/lon", BB, f"{BB}/age", INNER, f"{INNER}/x",
]  # fmt: skip
RULES: dict[str, Any] = {
    "fields": {"/d/rooms": "max", "/d/needs": "union"},
    "groups": {"gps": ["/d/lat", "/d/lon"], "member gps": ["/d/m/lat", "/d/m/lon"]},
}
SCOPES = [AA, BB, INNER, "/"]


@dataclass
class Network:
    """What each device holds, and every revision ever made."""

    nodes: list[set[str]]
    all: dict[str, Rev] = field(default_factory=dict)

    def view(self, node: int) -> dict[str, Any]:
        held = [self.all[i] for i in sorted(self.nodes[node])]
        return merge_json(held, rules_from_json(RULES))

    def write(self, node: int, patch: dict[str, Any], resolves: tuple[str, ...] = ()) -> None:
        name = f"{len(self.all) * 7919 % 1000:03d}"
        heads = self.view(node)["heads"]
        self.all[name] = {
            "id": name, "parents": heads, "patch": patch, "at": None, "resolves": list(resolves),
        }  # fmt: skip
        self.nodes[node].add(name)


def value_for(address: str, number: int) -> Any:
    if address == "/d/needs":
        return [["food"], ["water"], ["food", "shelter"], None][number % 4]
    return number % 3 or (None if number % 2 else 0)


def play(steps: list[tuple[int, ...]], devices: int) -> Network:
    network = Network([set() for _ in range(devices)])
    network.write(0, {"/d/phone": 0, AA: 0, f"{AA}/age": 30, "/d/lat": 1, "/d/lon": 1})
    for node in network.nodes:
        node.add("000")
    for kind, who, what, number, seed in steps:
        node = who % devices
        if kind <= 4:
            addresses = [FIELDS[what % len(FIELDS)]]
            if number % 3 == 0:
                addresses.append(FIELDS[(what + seed) % len(FIELDS)])
            network.write(node, {a: value_for(a, number) for a in addresses})
        elif kind == 5:
            network.write(node, {SCOPES[what % len(SCOPES)]: DELETED})
        elif kind == 6:
            conflicts = sorted(network.view(node)["conflicts"])
            if conflicts:
                unit = conflicts[what % len(conflicts)]
                delete = unit in SCOPES and number % 2 == 0
                network.write(node, {unit: DELETED} if delete else {}, (unit,))
                assert unit not in network.view(node)["conflicts"]
        else:
            other = (node + 1 + number) % devices
            travelling = sorted(network.nodes[node])
            random.Random(seed).shuffle(travelling)
            cut = len(travelling) if kind > 8 else len(travelling) * (number + 1) // 12
            network.nodes[other] |= set(travelling[:cut])
    return network


def check_against_model(revisions: list[Rev]) -> None:
    state = merge_json(revisions, rules_from_json(RULES))
    expected = Model(revisions, RULES).state()
    assert state["values"] == expected["values"]
    assert state["heads"] == expected["heads"]
    assert state["held"] == expected["held"]
    assert state.get("gone", []) == expected["gone"]
    conflicts: Any = state["conflicts"]
    assert set(conflicts) == set(expected["disputes"])
    for unit, distinct in expected["disputes"].items():
        if distinct is not None:
            assert [candidate["values"] for candidate in conflicts[unit]] == distinct


def check_nothing_lost(revisions: list[Rev]) -> None:
    """Every write is the value, in a conflict, or was known to a later write or deletion."""
    model = Model(revisions, RULES)
    state: Any = merge_json(revisions, rules_from_json(RULES))
    for i in model.applied:
        for address, value in model.revs[i]["patch"].items():
            unit = model.unit(address)
            rule = RULES["fields"].get(model.form_path(address))
            if value == DELETED or rule or address.endswith("]"):
                continue
            if i not in model.live(unit, set(model.applied)):
                continue
            in_conflict = [
                c.get("values", {}).get(address) for c in state["conflicts"].get("".join(unit), ())
            ]
            hidden = any(address.startswith(g) for g in state.get("gone", ()))
            shown = state["values"].get(address, "nothing shown")
            assert hidden or shown == value or value in in_conflict


def check_history(steps: list[tuple[int, ...]], devices: int) -> None:
    network = play(steps, devices)
    for held in network.nodes:
        check_against_model([network.all[i] for i in sorted(held)])
    everything = list(network.all.values())
    check_against_model(everything)
    check_nothing_lost(everything)
    rules = rules_from_json(RULES)
    expected = json.dumps(merge_json(everything, rules), sort_keys=True)
    for seed in range(3):
        random.Random(seed).shuffle(everything)
        again = everything + everything[:4]
        assert json.dumps(merge_json(again, rules), sort_keys=True) == expected


small = st.integers(0, 11)
steps = st.lists(st.tuples(st.integers(0, 10), small, small, small, small), max_size=18)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps, st.integers(2, 4))
def test_replicas_converge_on_the_models_state(made: list[tuple[int, ...]], devices: int) -> None:
    check_history(made, devices)


@pytest.mark.soak
@pytest.mark.parametrize("block", range(50))
def test_ten_thousand_histories(block: int) -> None:
    for seed in map(moved, range(block * 200, block * 200 + 200)):
        chance = random.Random(seed)
        made = [
            (chance.randrange(11), *(chance.randrange(12) for _ in range(4)))
            for _ in range(chance.randrange(5, 30))
        ]
        check_history(made, 2 + seed % 5)
