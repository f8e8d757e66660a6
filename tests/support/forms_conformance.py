"""Runs one recorded XPath case and compares; shared by the conformance test and by hand."""

import math
import os
import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from shared.errors import CairnError
from shared.forms.xpath.evaluate import Question, evaluate

_VARIABLES = {
    "var_int_five": 5.0,
    "var_double_five": 5.0,
    "var_string_five": "five",
    "var_float_five": 5.0,
}


def run_case(case: dict[str, Any]) -> str:
    """Return "" if the case comes out as recorded, else what came instead."""
    wanted = case["expected_type"]
    asked = {
        "boolean": "boolean",
        "number": "number",
        "number-rounded": "number",
        "string": "string",
        "string-match": "string",
        "string-length": "string",
        "nodeset": "nodeset",
        "node": "nodeset",
        "java-date": "string",
    }.get(wanted, "any")
    now = case.get("now")
    question = Question(
        expression=case["expr"],
        xml=case.get("context_xml"),
        context=case.get("context_node"),
        type=asked,
        now=datetime.fromisoformat(now) if now else datetime(2026, 1, 1, tzinfo=UTC),
        zone=ZoneInfo(case["tz"]),
        root=case.get("root_node"),
        language=case.get("lang", ""),
        variables=_VARIABLES,
    )
    try:
        got = evaluate(question, os.urandom)
    except CairnError as error:
        return "" if wanted == "error" else f"refused: {error.message}"
    return "" if wanted != "error" and _same(wanted, case, got) else f"got {got!r}"


def _same(wanted: str, case: dict[str, Any], got: Any) -> bool:
    expected = case["expected"]
    if wanted == "number-rounded":
        factor = case.get("factor") or 100
        return round(float(got) * factor) == round(float(expected) * factor)
    if wanted == "number":
        return _same_number(float(expected), float(got))
    if wanted in ("string-match", "string-length", "java-date"):
        return _same_text(wanted, expected, got)
    if wanted in ("nodeset", "node"):
        return _same_nodes(expected if wanted == "nodeset" else [expected], got, case)
    return bool(got == expected) if wanted in ("boolean", "string") else True


def _same_text(wanted: str, expected: Any, got: str) -> bool:
    if wanted == "string-match":
        return re.search(expected.strip("/"), got) is not None
    if wanted == "string-length":
        return len(got) == int(expected)
    return got[:19] == expected[: len(got[:19])]


def _same_number(expected: float, got: float) -> bool:
    if math.isnan(expected):
        return math.isnan(got)
    return expected == got or math.isclose(expected, got, rel_tol=1e-12, abs_tol=1e-12)


def _same_nodes(expected: Any, got: Any, case: dict[str, Any]) -> bool:
    if expected and "type" not in expected[0]:
        return [n["value"] for n in expected] == [n["value"] for n in got]
    wanted = [(n["path"], n["type"], n.get("name"), n.get("value")) for n in expected if n]
    given = [
        (n["path"], n["type"], n["name"], n["value"] if w[3] is not None else None)
        for n, w in zip(got, wanted, strict=False)
    ]
    if len(got) != len(wanted):
        return False
    if not case.get("ordered", True):
        return sorted(wanted) == sorted(given)
    return wanted == given
