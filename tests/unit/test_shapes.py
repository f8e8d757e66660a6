"""Shape checks name what was expected and never let a neighbouring type through."""

from collections.abc import Callable

import pytest

from shared import shapes
from shared.errors import EncodingInvalid

Check = Callable[[object], object]


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (lambda v: shapes.array(v, "x"), [1], (1,)),
        (lambda v: shapes.array(v, "x", 2), [1, 2], [1]),
        (lambda v: shapes.mapping(v, "x"), {1: 2}, [1]),
        (lambda v: shapes.octets(v, "x"), b"", "text"),
        (lambda v: shapes.octets(v, "x", 2), b"ab", b"a"),
        (lambda v: shapes.text(v, "x"), "", b""),
        (lambda v: shapes.integer(v, "x"), -5, True),
        (lambda v: shapes.integer(v, "x"), 5, 5.0),
        (lambda v: shapes.uint(v, "x"), 0, -1),
        (lambda v: shapes.uint(v, "x"), 1, True),
        (lambda v: shapes.uint(v, "x", 9), 9, 10),
        (lambda v: shapes.scalars(v, "x"), {"a": None, "b": 1.5, "c": True}, {"a": []}),
        (lambda v: shapes.scalars(v, "x"), {}, {5: 1}),
        (lambda v: shapes.scalars(v, "x"), {"a": "b"}, {"a": b"b"}),
        (lambda v: shapes.version(v, "x"), [1], [2]),
        (lambda v: shapes.version(v, "x"), [1, 2], []),
        (lambda v: shapes.version(v, "x"), [1, None], [True]),
        (lambda v: shapes.version(v, "x"), [1, 1], 1),
    ],
)
def test_right_values_pass_and_their_neighbours_do_not(
    check: Check, good: object, bad: object
) -> None:
    assert check(good) == good
    with pytest.raises(EncodingInvalid, match="x "):
        check(bad)
