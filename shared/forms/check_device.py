"""What a form asks of the device that Cairn does not do, told to its author with the reason.

Such a form is published all the same: it works without, and says here what it will not bring home.
"""

from collections.abc import Iterator
from typing import Final

from shared.forms.check_rules import Rows, row_of
from shared.forms.definition import Field, Form
from shared.forms.problems import Problem

_AUDIT_OPTIONS: Final = {
    "odk:location-priority": "a trail of places would show where enumerators and the displaced are",
    "odk:track-changes": "earlier answers would lie beside the record, identifiers among them",
    "odk:track-changes-reasons": "a correction after finalizing asks for its reason instead",
    "odk:identify-user": "every record carries its enumerator, and the vault opens for one person",
}
"""Parameters of `audit`, and why Cairn keeps no such log."""


def device_problems(form: Form, places: Rows) -> Iterator[Problem]:
    """Warn of an audit log that is not kept and of sound that is not recorded by itself."""
    for field in form.fields.values():
        for option, reason in _AUDIT_OPTIONS.items():
            if field.extra.get(option, "false") not in ("", "false"):
                told = f"{option.removeprefix('odk:')} is not kept: {reason}"
                advice = "Leave the parameter out; screens, pauses and languages are counted anyway"
                yield _warning(field, places, "parameters", told, advice)
    for action in form.actions:
        if action.kind == "recordaudio" and action.target in form.fields:
            told = "sound is not recorded in the background: the respondent would not know of it"
            advice = "Ask for a recording with a question of type audio"
            yield _warning(form.fields[action.target], places, "type", told, advice)


def _warning(field: Field, places: Rows, column: str, what: str, instead: str) -> Problem:
    row = row_of(places, field.name)
    return Problem("survey", row, column, f"{field.name}: {what}", instead, "warning", field.path)
