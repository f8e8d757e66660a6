"""One made-up interview the whole way: filled, killed, restored, finalized, sealed, judged again.

The forms of the field name no disclosure class; here every second field is open, so that both
halves of the record carry answers and the server judges without the identifiers.
"""

import random
from dataclasses import replace
from datetime import UTC
from pathlib import Path

from forms_build import NOW

from mobile_client.services.assemble import Setting, assemble
from mobile_client.services.cases import snapshot_of
from mobile_client.services.loaded_form import loaded_form
from mobile_client.vault.drafts import Draft
from shared.forms.answers import Answers
from shared.forms.body import validate_body
from shared.forms.cache import dump_form, load_form
from shared.forms.definition import Form
from shared.forms.interview import Interview
from shared.forms.respondent import Respondent
from shared.forms.xform import read_form
from shared.forms.xlsform import convert
from shared.records.address import form_path
from shared.records.codec import (
    Codebooks,
    decode_body,
    decode_identity,
    encode_body,
    encode_identity,
)
from shared.records.values import text_from_value, value_from_text

REFUSED = {"bad_cycle_errors.xml": "circle", "unhcr_demo_duplicate_choices.xlsx": "unique"}
PREFILLED = {
    "openhds_in_migration.xml": {
        "visitId": "V1",
        "fieldWorkerId": "FW9",
        "migrationType": "INTERNAL_INMIGRATION",
        "locationId": "L7",
        "individualId": "I3",
        "earliestDate": "2001-01-01",
    }
}
"""What the program that opens a form writes into it first: read-only and required there."""


def load(path: Path) -> Form:
    """Return a form of the field as a device has it: classified, compiled, read from a cache."""
    xform = path.read_bytes() if path.suffix == ".xml" else convert(path).xform
    form = read_form(xform)
    fields = {
        place: field if number % 2 else replace(field, extra={**field.extra, **_OPEN})
        for number, (place, field) in enumerate(form.fields.items())
    }
    classified = replace(form, fields=fields, basis="observation", purposes=("statistics",))
    return load_form(dump_form(classified))


_OPEN = {"cairn:disclosure": "open"}


def begin(form: Form, dice: random.Random, prefilled: dict[str, str]) -> Interview:
    """Return a new interview, with what another program wrote into it."""
    around = {"clock_now": NOW, "tz": UTC, "random_bytes": dice.randbytes}
    fresh = Interview(form, **around)  # type: ignore[arg-type]
    xml = fresh.instance_xml()
    for name, text in prefilled.items():
        assert f"<{name}/>" in xml
        xml = xml.replace(f"<{name}/>", f"<{name}>{text}</{name}>")
    return Interview.from_instance_xml(form, xml, **around) if prefilled else fresh  # type: ignore[arg-type]


def whole_way(form: Form, seed: int, prefilled: dict[str, str]) -> None:
    """Play one interview from its first question to the server's verdict."""
    dice = random.Random(seed)
    around = {"clock_now": NOW, "tz": UTC, "random_bytes": random.Random(9).randbytes}
    filled = begin(form, dice, prefilled)
    valid = Respondent(filled, dice).fill()
    assert valid, [(v.path, v.rule) for v in filled.violations()][:5]
    again = Interview.restore(form, filled.snapshot(), **around)  # type: ignore[arg-type]
    assert again.answers() == filled.answers(), "a draft comes back as it was"
    answers = again.finalize()
    read = Interview.from_instance_xml(form, again.instance_xml(), **around)  # type: ignore[arg-type]
    assert read.instance_xml() == again.instance_xml(), "instance XML reads back to itself"
    judge(form, answers)


def judge(form: Form, answers: Answers) -> None:
    """Seal the halves, open them, compare, and judge the body as the server does."""
    loaded = loaded_form(form, {})
    draft = Draft(
        draft_id="d", form_id=form.id, form_hash=form.hash, title="", record_id=bytes(16),
        tag_key=bytes(16), code=b"", started_ms=0, updated_ms=0, snapshot=b"", sealed_at_ms=1,
    )  # fmt: skip
    made = assemble(loaded, draft, answers, Setting("e", 0), files={}, base={})
    books = Codebooks(loaded.codebook)
    _, body = decode_body(encode_body(made.body, loaded.codebook), books)
    identity = decode_identity(encode_identity(made.identity, loaded.codebook), books)
    assert body.patch or identity.patch
    whole = {**body.patch, **identity.patch}
    around = {"clock_now": NOW, "tz": UTC, "random_bytes": random.Random(9).randbytes}
    opened = Interview.restore(form, snapshot_of(loaded, whole), **around)  # type: ignore[arg-type]
    fields = loaded.codebook.field_map()
    sent = {
        answer.address: text_from_value(value_from_text(fields[answer.path], answer.text))
        for answer in answers.values
    }
    assert opened.answers().as_dict() == sent, "the record holds what was answered"
    assert opened.answers().instances == answers.instances
    present = tuple(a for a in answers.values if form_path(a.address) not in loaded.direct)
    half = replace(answers, values=present)
    assert validate_body(form, half, loaded.direct, **around) == ()  # type: ignore[arg-type]
