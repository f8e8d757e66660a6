"""Charts of the HQ site: what a reader measures by. The pages as a whole: tests/e2e."""

import pytest

from server.web.hq.charts import Words, trend, whole_step


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
