"""What a device may flag of an interview for the coordinator: names of checks, never answers.

Computed on the device at finalize (mobile_client/services/checks.py), counted at the coordinator's
station. Rules STN-005 and STN-006.
"""

from enum import StrEnum
from typing import Final


class Check(StrEnum):
    """A check that fired. The names travel in progress entries: they never change meaning."""

    EDITED = "edited"
    """A correction of a record that exists; no interview of its own."""
    NO_POSITION = "no_gps"
    ROUGH_POSITION = "rough_gps"
    FAR = "far"
    DONT_KNOWS = "dont_knows"
    MISSING = "missing"
    STRAIGHT_LINE = "straight"
    NIGHT = "night"
    RUSHED = "rushed"


FORM_CHECK: Final = "check:"
"""Begins the flag of a form's own check; its field's name follows."""
FORM_CHECK_FIELD: Final = "check_"
"""Begins the name of a field that is a check of the form's own."""
