"""The independent check sees every wrong number, and only those."""

import check_published as check
import pytest

PRODUCTS = {
    "people": {
        "id": "people",
        "form": "reg",
        "repeat": "member",
        "geography": "admin2",
        "dimensions": ["sex", {"field": "skills"}],
    },
    "stock": {
        "id": "stock",
        "form": "loc",
        "geography": "admin1",
        "measure": {"columns": [{"field": "f", "sex": "female"}, {"field": "m", "sex": "male"}]},
        "dimensions": [{"name": "sex"}],
    },
}
PARENTS = {"A01": "A", "A02": "A", "B01": "B"}


def record(key: str, answers: dict[str, str], **changes: object) -> dict[str, object]:
    base = {"key": key, "form": "reg", "round": 1, "withdrawn_at_release": None}
    return {**base, "versions": [{"from_release": 1, "answers": answers}], **changes}


TRUTH = {
    "records": [
        record(
            "r1",
            {
                "/data/place/admin2": "A01",
                "/data/member[1]/sex": "female",
                "/data/member[1]/skills": "sewing farming",
                "/data/member[2]/sex": "male",
            },
        ),
        record("r2", {"/data/admin2": "B01", "/data/member[1]/sex": "male"}),
        record(
            "gone", {"/data/admin2": "B01", "/data/member[1]/sex": "male"}, withdrawn_at_release=1
        ),
        record("s1", {"/data/admin1": "A", "/data/f": "3", "/data/m": "4"}, form="loc"),
    ]
}


def people(cells: list[list[object]]) -> dict[str, object]:
    return {
        "product": "people",
        "round": "1",
        "as_of": 1,
        "dimensions": [
            {"name": "area", "field": None, "top": "_T", "overlapping": False},
            {"name": "sex", "field": "sex", "top": "_T", "overlapping": False},
            {"name": "skills", "field": "skills", "top": "_T", "overlapping": True},
        ],
        "cells": cells,
    }


def found(table: dict[str, object]) -> dict[str, object]:
    result: dict[str, object] = check.compare(TRUTH, PRODUCTS, PARENTS, [(1, {"tables": [table]})])
    return result


def right() -> list[list[object]]:
    product, table = PRODUCTS["people"], people([])
    records = [answers for form, _, answers in check.live_answers(TRUTH, 1) if form == "reg"]
    cells = check.expected_cells(product, table, records, PARENTS)
    return [[*codes, number] for codes, number in cells.items()]


def test_the_truth_is_tabulated_with_margins_and_without_the_withdrawn() -> None:
    cells = {tuple(codes): number for *codes, number in right()}
    assert cells["_T", "male", "_U"] == 2
    assert cells["A", "female", "sewing"] == cells["A01", "_T", "farming"] == 1
    assert ("_T", "_T", "_T") not in cells


def test_right_numbers_pass() -> None:
    result = found(people(right()))
    assert result["differ"] == result["missing"] == []
    assert result["published"] == len(right())


@pytest.mark.parametrize("wrong", range(0, 12, 3))
def test_a_wrong_number_is_named(wrong: int) -> None:
    cells = right()
    cells[wrong][-1] += 1
    assert len(found(people(cells))["differ"]) == 1


def test_hidden_cells_pass_and_missing_ones_do_not() -> None:
    cells = right()
    cells[0][-1] = None
    hidden = found(people(cells))
    assert (hidden["hidden"], hidden["differ"]) == (1, [])
    assert len(found(people(cells[1:]))["missing"]) == 1


def test_columns_stand_for_categories() -> None:
    table = {
        "product": "stock",
        "round": "1",
        "as_of": 1,
        "dimensions": [
            {"name": "area", "field": None, "top": "_T", "overlapping": False},
            {"name": "sex", "field": None, "top": "_T", "overlapping": False},
        ],
        "cells": [["_T", "_T", 7], ["A", "_T", 7], ["_T", "female", 3], ["A", "female", 3],
                  ["_T", "male", 4], ["A", "male", 4]],
    }  # fmt: skip
    assert found(table)["differ"] == found(table)["missing"] == []


def test_a_release_file_is_read() -> None:
    text = b'{"tables":[]}'
    release = (
        bytes([0x87, 1, 0x41, 7, 0x66]) + b"public" + bytes([3, 0x41, 9, 0x1A]) + bytes(4)
        + bytes([0x60 | len(text)]) + text
    )  # fmt: skip
    parts, _ = check.read_cbor(release)
    assert parts[3] == 3
    assert parts[6] == text.decode()
