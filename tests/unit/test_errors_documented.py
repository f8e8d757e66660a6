"""Each error code stands in docs/spec/errors.md with its class, and means one thing."""

import re
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
CODE = re.compile(
    r'^class (\w+)\([^)]*\):\n(?:(?!^class ).*\n)*?    code(?:: ClassVar\[str\])? = "([A-Z]+-\d+)"',
    re.MULTILINE,
)
ROW = re.compile(r"^\| ([A-Z]+-\d+) \| (\w+) \|", re.MULTILINE)


def raised() -> dict[str, str]:
    """Code -> class, over all our packages."""
    found: dict[str, str] = {}
    for folder in ("shared", "sync", "server", "mobile_client"):
        for path in (REPO / folder).rglob("*.py"):
            for name, code in CODE.findall(path.read_text("utf-8")):
                assert found.setdefault(code, name) == name, f"{code} means two things"
    return found


def test_every_code_is_documented_with_its_class() -> None:
    documented = dict(ROW.findall((REPO / "docs/spec/errors.md").read_text("utf-8")))
    found = raised()
    assert len(found) > 40
    assert documented == found
