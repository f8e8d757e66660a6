"""REL-001..008: the products file, and every problem of it at once."""

import json
from pathlib import Path

import pytest

from server.aggregates.products import read_products
from shared.errors import FormError

GOOD = {"id": "p", "title": "P", "form": "f", "kind": "survey", "unit": "persons"}


def problems(*entries: object) -> str:
    with pytest.raises(FormError) as refusal:
        read_products(json.dumps({"products": list(entries)}).encode())
    return refusal.value.message


def test_the_shipped_products_are_read() -> None:
    data = (Path(__file__).parents[2] / "forms" / "products.json").read_bytes()
    products = read_products(data)
    assert len(products) > 20
    assert all(product.title.get("ar") for product in products)


def test_every_problem_is_named_at_once() -> None:
    """REL-008."""
    text = problems({**GOOD, "kind": "guess", "unit": "cows", "colour": "red"}, "no object", {})
    for part in ("'guess'", "'cows'", "'colour'", "must be an object", "title is missing"):
        assert part in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"geography": "district"}, "admin0, admin1"),
        ({"period": "year"}, "never summed"),
        ({"measure": {"columns": []}}, "columns"),
        ({"measure": {"columns": [{"sex": "f"}]}, "dimensions": [{"name": "sex"}]}, "lacks its"),
        (
            {"measure": {"columns": [{"field": "a"}]}, "dimensions": [{"name": "sex"}]},
            "each of: sex",
        ),
        ({"dimensions": ["sex", "sex"]}, "two dimensions are called sex"),
        ({"dimensions": [{}]}, "each dimension"),
        ({"where": {"status": "idp"}}, "list of values"),
    ],
)
def test_what_is_wrong_with_one_product(change: dict[str, object], message: str) -> None:
    assert message in problems({**GOOD, **change})


def test_two_of_one_id_and_files_that_are_no_products() -> None:
    assert "two of this id" in problems(GOOD, GOOD)
    for data in (b"{", b"[]", b'{"products": {}}'):
        with pytest.raises(FormError):
            read_products(data)
