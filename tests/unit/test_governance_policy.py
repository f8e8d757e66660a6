"""GOV-010..016: a policy is checked before it takes force, and its faults are told by place."""

from datetime import date

import pytest

from server.governance.policy import (
    built_in_policy,
    built_in_text,
    check_complete,
    read_policy,
)
from shared.errors import UsageError

COMPLETE = b"""
[policy]
name = "P"
controller = "IOM"
legal_basis = "agreement"
approver = "A"
from_day = 2026-01-01
until_day = 2026-12-31
[purposes.statistics]
title = "S"
retention_days = 10
[forms.f1]
until_day = 2026-03-01
[[rules]]
id = "r"
roles = ["steward"]
actions = ["form.*"]
"""


def test_a_complete_policy_is_read() -> None:
    """GOV-010."""
    policy = read_policy(COMPLETE, 3)
    check_complete(policy)
    assert policy.serial == 3
    assert policy.purposes["statistics"].retention_days == 10
    assert policy.forms["f1"].until_day == date(2026, 3, 1)
    assert policy.rules[0].permit
    assert policy.context(date(2026, 2, 1)).until_day == date(2026, 12, 31)


def test_the_built_in_policy_runs_but_may_not_be_signed() -> None:
    """GOV-011: controller, approver and dates are for the steward to give."""
    assert built_in_policy().rules
    with pytest.raises(UsageError, match="controller is empty"):
        check_complete(read_policy(built_in_text(), 1))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"[forms.f1]", b"[formes.f1]", "has no 'formes'"),
        (b'name = "P"', b"name = 3", r"\[policy\] name must be text"),
        (b"from_day = 2026-01-01", b'from_day = "2026-01-01"', "without quotes"),
        (b"from_day = 2026-01-01", b"from_day = 2026-01-01T00:00:00Z", "without quotes"),
        (b"retention_days = 10", b"retention_days = -1", "at least 0"),
        (b"retention_days = 10", b"", "retention_days must be"),
        (b'["steward"]', b'["stewart"]', "there is no 'stewart'"),
        (b'["form.*"]', b'["form.eat"]', "there is no 'form.eat'"),
        (b'["form.*"]', b"[]", "at least one"),
        (b'["form.*"]', b'"form.*"', "list of texts"),
        (b'id = "r"', b'id = "cairn.r"', "not begin with"),
        (b'id = "r"', b'id = "r"\neffect = "maybe"', "'permit' or 'deny'"),
        (b'id = "r"', b'id = "r"\npurposes = ["fun"]', "there is no 'fun'"),
        (b"[[rules]]", b"[rules]", r"\[\[rules\]\] blocks"),
        (b"[policy]", b"[policy", "not valid TOML"),
        (b'"IOM"', b'"\xff"', "not UTF-8"),
        (b"[forms.f1]", b"[deident]\ncolour = 1\n[forms.f1]", "colour"),
    ],
)
def test_a_fault_is_told_by_its_place(old: bytes, new: bytes, message: str) -> None:
    """GOV-012."""
    with pytest.raises(UsageError, match=message):
        read_policy(COMPLETE.replace(old, new, 1), 1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'approver = "A"', b"", "approver is empty"),
        (b"until_day = 2026-12-31", b"", "from_day and until_day"),
        (b"until_day = 2026-12-31", b"until_day = 2025-12-31", "lies before"),
        (b'[purposes.statistics]\ntitle = "S"\nretention_days = 10', b"", "names no purpose"),
        (b'[[rules]]\nid = "r"\nroles = ["steward"]\nactions = ["form.*"]', b"", "no \\[\\[rules"),
    ],
)
def test_an_incomplete_policy_may_not_be_signed(old: bytes, new: bytes, message: str) -> None:
    """GOV-011."""
    with pytest.raises(UsageError, match=message):
        check_complete(read_policy(COMPLETE.replace(old, new, 1), 1))
