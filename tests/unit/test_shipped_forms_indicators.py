"""docs/guides/indicators.md: every question named is asked, every product named is declared."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from forms.build import source
from forms.build.build import FORMS_DIR, form_names

GUIDE = FORMS_DIR.parent / "docs" / "guides" / "indicators.md"
FITS = {"direct", "proxy", "context"}


@dataclass(frozen=True)
class Line:
    """One row of a table of the guide."""

    outcome: str
    fit: str
    questions: dict[str, list[str]]
    products: list[str]


def lines() -> Iterator[Line]:
    for text in GUIDE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in text.strip("|").split("|")]
        if not text.startswith("|") or cells[-1] == "Products" or set(cells[0]) <= {"-"}:
            continue
        assert len(cells) == 5, text
        questions = {}
        for part in cells[3].split(";"):
            form, names = part.split(":", 1)
            questions[form.strip(" `")] = re.findall(r"`(\w+)`", names)
        yield Line(cells[0], cells[2], questions, re.findall(r"`(\w+)`", cells[4]))


LINES = list(lines())
NAMES = {
    name: {row.get("name") for row in source.read(FORMS_DIR / "source" / name).survey}
    for name in form_names()
}
PRODUCTS = {
    product["id"]: product
    for product in json.loads((FORMS_DIR / "products.json").read_text(encoding="utf-8"))["products"]
}


@pytest.mark.parametrize("line", LINES, ids=[f"{i}-{line.outcome}" for i, line in enumerate(LINES)])
def test_questions_and_products_exist(line: Line) -> None:
    assert line.fit in FITS
    assert line.products
    for form, questions in line.questions.items():
        assert questions
        assert set(questions) <= NAMES[form], set(questions) - NAMES[form]
    assert set(line.products) <= set(PRODUCTS), set(line.products) - set(PRODUCTS)


@pytest.mark.parametrize("line", LINES, ids=[f"{i}-{line.outcome}" for i, line in enumerate(LINES)])
def test_a_product_is_made_from_a_form_of_its_row(line: Line) -> None:
    for product in line.products:
        assert PRODUCTS[product]["form"] in line.questions, product


def test_no_product_is_without_an_indicator() -> None:
    assert set(PRODUCTS) - {product for line in LINES for product in line.products} == set()


def test_every_form_serves_an_indicator() -> None:
    assert {form for line in LINES for form in line.questions} == set(NAMES)
