"""The shipped forms, filled by the engine and assembled by the client, taken in by the server.

Whatever a tablet lets through, the server takes in: with every purpose agreed to, and with some.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random

import pytest
from intake_kit import counts
from mission import PASSPHRASE, MissionKit
from sealed_device import SealedDevice

from forms.build.build import FORMS_DIR, form_names
from mobile_client.services.assemble import Setting, assemble
from mobile_client.services.loaded_form import loaded_form
from mobile_client.vault.drafts import ConsentKept, Draft
from server.db import reading
from server.demo.interviews import ShippedForm, read_shipped
from server.governance.publishing import approve_form, propose_form, publish
from server.intake.pipeline import Intake
from server.queries import quarantine
from server.queries.counts import intake_counts
from server.settings import StoreUrls
from shared.forms.interview import Interview
from shared.forms.respondent import Respondent
from shared.records.codebook import Basis
from shared.records.codec import encode_body, encode_identity
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.withdrawal import new_code

NOW = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
EVERYTHING = {
    "respondent_adult": "yes",
    "consent_assistance": "yes",
    "consent_statistics": "yes",
    "consent_referral": "yes",
    "consent_contact": "yes",
    "informant_agrees": "yes",
    "site_status": "open",
    "phone": "+999123456",
    "informant_phone": "+999123456",
    "contact_phone": "+999123456",
}


@pytest.fixture
def store_urls() -> StoreUrls:
    """SQLite alone."""
    return StoreUrls()


@cache
def shipped(name: str) -> ShippedForm:
    return read_shipped(FORMS_DIR, name)


def publish_shipped(kit: MissionKit, name: str) -> None:
    proposal = propose_form(kit.mission, Path(FORMS_DIR) / f"{name}.xlsx")
    publish(kit.mission, approve_form(kit.station, proposal, PASSPHRASE))


def fill(name: str, seed: int, decided: Mapping[str, str]) -> Interview:
    form = shipped(name)
    rng = Random(seed)
    filled = Interview(
        form.form,
        clock_now=NOW,
        tz=UTC,
        random_bytes=rng.randbytes,
        attachments=form.attachments,
    )
    paths = form.paths()
    chosen = {paths[key]: text for key, text in decided.items() if key in paths}
    Respondent(filled, rng, chosen, optional_share=0.7).answer_to_end()
    assert filled.violations() == ()
    filled.finalize()
    return filled


def send(device: SealedDevice, name: str, seed: int, decided: Mapping[str, str]) -> None:
    """Fill, assemble as the client does, seal, and lay it in the inbox."""
    filled, form = fill(name, seed, decided), shipped(name)
    loaded = loaded_form(form.form, form.attachments)
    consent = None
    if form.codebook.basis is Basis.CONSENT:
        decisions = {p: decided.get(f"consent_{p}") == "yes" for p in form.codebook.purposes}
        at_ms = int(NOW.timestamp() * 1000) - 60_000
        consent = ConsentKept(decisions, b"n" * 16, "en", "verbal", at_ms)
    draft = Draft(
        draft_id=f"{name}{seed}",
        form_id=name,
        form_hash=form.form.hash,
        title="",
        record_id=os.urandom(16),
        tag_key=os.urandom(16),
        code=new_code(os.urandom),
        started_ms=int(NOW.timestamp() * 1000) - 900_000,
        updated_ms=0,
        snapshot=b"",
        consent=consent,
        sealed_at_ms=int(NOW.timestamp() * 1000),
    )
    setting = Setting("enum-1", 0)
    made = assemble(loaded, draft, filled.answers(), setting, files={}, base={})
    sealed = {Compartment.BODY: encode_body(made.body, form.codebook)}
    if made.identity.patch:
        sealed[Compartment.IDENTITY] = encode_identity(made.identity, form.codebook)
    device.append(Kind.REVISION, sealed)


@pytest.mark.parametrize("name", form_names())
def test_what_a_tablet_lets_through_is_taken_in(kit: MissionKit, intake: Intake, name: str) -> None:
    """INTK-013, INTK-015: all agreed to, only the first purpose, and all but statistics."""
    publish_shipped(kit, name)
    device = SealedDevice(kit, "tablet 1")
    purposes = shipped(name).codebook.purposes
    some = {
        **EVERYTHING,
        **{f"consent_{p}": "no" for p in purposes[1:]},
    }
    for seed in range(4):
        send(device, name, seed, EVERYTHING)
        send(device, name, seed + 100, some)
    intake.drain()
    found = intake_counts(kit.mission)
    assert found["quarantine_by_reason"] == {}, _why(kit)
    assert counts(kit)["live_records"] == 8
    with_rows = 4 if _needs_statistics(name) else 8
    assert found["analytic_rows"] == with_rows


def _needs_statistics(name: str) -> bool:
    """Tell whether refusing all but the first purpose leaves no row (DEID-015)."""
    codebook = shipped(name).codebook
    return codebook.basis is Basis.CONSENT and codebook.purposes[0] != "statistics"


def _why(kit: MissionKit) -> list[str]:
    with reading(kit.mission.stores.records) as session:
        return [f"{row.reason}: {row.detail}" for row in quarantine.listed(session)]
