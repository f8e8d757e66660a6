"""Products: the committed file is the built one, and each can be tabulated from its form."""

import json
from pathlib import Path

import pytest

from forms.build import products
from forms.build.build import FORMS_DIR
from forms.build.source import LANGUAGES, SourceError
from server.aggregates.products import Product, read_products
from server.deident.geography_files import read_geography
from server.deident.plan import Column, make_plan
from server.deident.policy import default_policy
from shared.forms.codebook import codebook_of
from shared.forms.xform import read_form
from shared.forms.xlsform import convert

PRODUCTS = read_products((FORMS_DIR / "products.json").read_bytes())
AREAS = read_geography({path.name: path.read_bytes() for path in (FORMS_DIR / "media").iterdir()})
COUNTED = {"persons": "persons", "households": "households"}


@pytest.fixture(scope="module")
def columns() -> dict[str, dict[str, Column]]:
    """Return the analytic columns of each form by field name: what de-identification leaves."""
    found: dict[str, dict[str, Column]] = {}
    for form_id in {product.form for product in PRODUCTS}:
        form = read_form(convert(FORMS_DIR / f"{form_id}.xlsx").xform)
        plan = make_plan(codebook_of(form), default_policy(), AREAS)
        found[form_id] = {c.field.name: c for table in plan.tables for c in table.columns}
    return found


def fields(product: Product) -> set[str]:
    names = {d.field for d in product.dimensions if d.field} | set(product.where)
    names |= {column.field for column in product.columns}
    return names | ({product.measure} if product.measure else set())


def test_the_committed_file_is_the_built_one() -> None:
    built = products.resolve(FORMS_DIR / "source")
    assert json.loads((FORMS_DIR / "products.json").read_text(encoding="utf-8")) == built


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: str(product.id))
def test_every_field_survives_de_identification(
    product: Product, columns: dict[str, dict[str, Column]]
) -> None:
    kept = columns[product.form]
    assert fields(product) <= set(kept)
    for name in fields(product) - {d.field for d in product.dimensions} - set(product.where):
        assert kept[name].field.measure, name
        assert kept[name].rule == "keep", name


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: str(product.id))
def test_a_sum_counts_what_the_product_says(
    product: Product, columns: dict[str, dict[str, Column]]
) -> None:
    names = [column.field for column in product.columns] or [product.measure or ""]
    for name in filter(None, names):
        measure = columns[product.form][name].field.measure
        assert measure == COUNTED.get(product.unit, measure)
    wheres = [tuple(sorted(column.where.items())) for column in product.columns]
    assert len(wheres) == len(set(wheres))


def test_titles_and_labels_are_in_every_language() -> None:
    for product in PRODUCTS:
        texts = [product.title, *([product.description] if product.description else [])]
        for dimension in product.dimensions:
            texts.append(dimension.title)
            assert set(dimension.labels or {}) == set(dimension.categories)
            texts += list((dimension.labels or {}).values())
        assert all(set(text) == set(LANGUAGES) for text in texts), product.id
        assert all(all(words.strip() for words in text.values()) for text in texts), product.id


def test_labelled_codes_are_the_choices_of_the_form(
    columns: dict[str, dict[str, Column]],
) -> None:
    for product in PRODUCTS:
        for dimension in product.dimensions:
            choices = (
                columns[product.form][dimension.field].field.choices if dimension.field else ()
            )
            if choices:
                assert set(dimension.categories) == set(choices), (product.id, dimension.name)


def test_what_was_observed_is_never_called_the_total_flow() -> None:
    flows = [product for product in PRODUCTS if product.form == "flow_monitoring"]
    assert flows
    assert all("never the total flow" in product.description["en"] for product in flows)


def test_what_the_main_job_asks_for_is_there() -> None:
    wanted = {
        "idp_stock_sex_age", "idp_stock_reason", "returnee_stock_sex_age", "registered_persons",
        "registered_households_shelter", "flows_sex_age", "events_cause", "intentions",
        "registered_needs", "registered_drivers", "registered_slow_onset", "solutions_status",
        "registered_remittances", "registered_skills",
    }  # fmt: skip
    assert wanted <= {product.id for product in PRODUCTS}


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ('measure = "shelter_type"', "not declared a measure"),
        ('dimensions = [{ field = "phone" }]', "direct identifier"),
        ('dimensions = [{ field = "service_requests" }]', "may not serve"),
        ('dimensions = [{ field = "nobody" }]', "no question 'nobody'"),
        ('dimensions = [{ field = "skills" }]', "another repeat"),
        ('where.shelter_type = ["castle"]', "no choices"),
        ('dimensions = [{ field = "age_group" }]', "no question"),
        ('dimensions = [{ name = "novel", field = "tenure" }]', "no heading"),
    ],
)
def test_a_wrong_product_breaks_the_build(tmp_path: Path, broken: str, message: str) -> None:
    sources = FORMS_DIR / "source"
    for folder in ("common", "household_registration"):
        (tmp_path / folder).symlink_to(sources / folder)
    (tmp_path / "products.toml").write_text(
        f'[codes]\n[titles]\ntenure = {{ en = "T", fr = "T", ar = "T" }}\n[[product]]\nid = "p"\n'
        f'form = "household_registration"\n{broken}\n'
    )
    with pytest.raises(SourceError, match=message):
        products.resolve(tmp_path)
