"""Charts of the HQ site: what a reader measures by. The pages as a whole: tests/e2e."""

import pytest

from server.aggregates.csv_format import product_csv
from server.web.hq.charts import Words, choropleth, trend, whole_step
from server.web.hq.views import Table, show_table


@pytest.mark.parametrize(
    ("highest", "step"),
    [(0, 1), (4, 1), (5, 2), (8, 2), (10, 5), (50, 20), (90, 25), (156, 50), (219, 100)],
)
def test_marks_beside_a_line_are_whole_numbers(highest: float, step: float) -> None:
    assert whole_step(highest) == step


def test_a_hidden_round_leaves_a_gap_and_a_hatched_mark() -> None:
    drawn = str(
        trend([("1", 10.0), ("2", None), ("3", 30.0)], "People", Words("en", "hidden", "no data"))
    )
    assert drawn.count('class="dot"') == 2
    assert drawn.count("polyline") == 2, "the line is broken where a number is hidden"
    assert "2: hidden" in drawn


def test_an_area_where_nobody_asked_is_missing_on_the_page_and_in_the_csv() -> None:
    """REL-009: no zero stands for it."""
    area = {"name": "area", "top": "_T", "categories": [
        {"code": code, "parent": "_T", "label": {"en": code}} for code in ("A", "B")]}  # fmt: skip
    data = {
        "dimensions": [area], "cells": [["_T", 4], ["A", 4], ["B", 0]], "not_covered": ["B"],
        "round": "1", "unit": "persons", "as_of": 1,
    }  # fmt: skip
    shown = show_table(Table(data, 1), "en", {"total": "Total"})
    assert [(row.cells[0].text, row.cells[0].missing) for row in shown.rows] == [
        ("4", False),
        ("4", False),
        ("", True),
    ]
    assert "1,B,persons,,not_covered,1" in product_csv([data])
    square = [[[[0, 0], [0, 1], [1, 1], [0, 0]]]]
    areas = [{"code": code, "polygons": square, "parent": "_T"} for code in ("A", "B")]
    values = {code: Table(data, 1).value(area=code) for code in ("A", "B")}
    drawn, legend = choropleth(areas, values, {}, "Map", Words("en", "hidden", "No data"))
    assert 'class="area missing"' in drawn
    assert ("missing", "No data") in legend
