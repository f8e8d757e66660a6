"""Opening drafts: a new one for a form, or one that was put aside."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from mobile_client.device.services import DeviceFault, DeviceServices, Wish
from mobile_client.services.case_book import Case
from mobile_client.services.cases import encode_base, snapshot_of
from mobile_client.services.device_policy import DevicePolicy
from mobile_client.services.draft_desk import DraftDesk
from mobile_client.services.finalizing import Desk, Finalizer
from mobile_client.services.loaded_form import LoadedForm
from mobile_client.services.media import drop_media, keep_media, open_media
from mobile_client.services.paradata import Step, step
from mobile_client.services.scripted import ScriptedFilling
from mobile_client.vault.drafts import ConsentKept, Draft, MediaFile
from shared.forms.interview import Interview
from shared.ids import RECORD_ID_BYTES
from shared.records.codebook import Basis
from shared.records.codec import form_key
from shared.records.consent import Consent, Decision
from shared.sealing.tags import new_tag_key
from shared.sealing.withdrawal import new_code

_FIX_ACCURACY_M: Final = 10.0
_FIX_TIMEOUT_S: Final = 15.0


class DeviceHooks:
    """What a form may ask of the device by itself."""

    def __init__(self, device: DeviceServices) -> None:
        self._device = device

    def geopoint(self) -> str:
        """Return the position, "" where the device has none."""
        if self._device.position is None:
            return ""
        try:
            return self._device.position.fix(_FIX_ACCURACY_M, _FIX_TIMEOUT_S).text()
        except DeviceFault:
            # The form goes on without: a position that is needed is a question of its own.
            return ""

    def record_audio(self, path: str, quality: str) -> str:
        """Record nothing: sound is taken by a question, with the respondent's knowledge."""
        del path, quality
        return ""


class Interviews:
    """Makes and reopens interviews of one vault."""

    def __init__(
        self,
        desk: Desk,
        finalizer: Finalizer,
        device: DeviceServices,
        author: str,
        policy: Callable[[], DevicePolicy],
    ) -> None:
        self._desk = desk
        self._finalizer = finalizer
        self._device = device
        self._policy = policy
        self._properties = {"deviceid": author, "username": desk.enumerator}

    def begin(self, form_id: str) -> ScriptedFilling:
        """Open a new interview; its draft is in the vault from the beginning."""
        loaded = self._desk.library.form(form_id)
        interview = Interview(
            loaded.form,
            clock_now=self._desk.clock.now(),
            tz=self._desk.zone,
            random_bytes=self._desk.random_bytes,
            language=self._language(loaded),
            attachments=self._desk.entities.files(loaded),
            properties=self._properties,
            hooks=DeviceHooks(self._device),
        )
        draft = replace(self._new_draft(loaded), snapshot=interview.snapshot())
        self._desk.vault.drafts.save(draft)
        return self._filling(loaded, interview, draft)

    def resume(self, draft_id: str) -> ScriptedFilling:
        """Open a draft again; who agreed before is asked whether to go on."""
        draft = self._desk.vault.drafts.load(draft_id)
        loaded = self._desk.library.version(draft.form_hash)
        interview = self._restored(loaded, draft.snapshot)
        agreed = draft.consent is not None and bool(draft.consent.decisions)
        resumed = step(draft.paradata, draft.started_ms, self._now_ms(), Step.RESUMED)
        draft = replace(draft, reconfirm=agreed, paradata=resumed)
        return self._filling(loaded, interview, draft)

    def correct(self, case: Case) -> ScriptedFilling:
        """Open a correction on top of a case's newest revisions."""
        body = case.body
        loaded = self._desk.library.by_key(form_key(body.form_hash).hex())
        snapshot = snapshot_of(loaded, body.patch)
        interview = self._restored(loaded, snapshot)
        consent = body.consents[0] if body.consents else None
        draft = replace(
            self._new_draft(loaded),
            record_id=bytes(body.record_id),
            code=b"",
            snapshot=snapshot,
            parents=tuple(bytes(parent) for parent in body.parents),
            base=encode_base(body.patch),
            consent=ConsentKept({}, b"", "", "verbal", 0) if consent is None else _kept(consent),
        )
        self._desk.vault.drafts.save(draft)
        return self._filling(loaded, interview, draft)

    def _restored(self, loaded: LoadedForm, snapshot: bytes) -> Interview:
        return Interview.restore(
            loaded.form,
            snapshot,
            clock_now=self._desk.clock.now(),
            tz=self._desk.zone,
            random_bytes=self._desk.random_bytes,
            attachments=self._desk.entities.files(loaded),
            properties=self._properties,
            hooks=DeviceHooks(self._device),
        )

    def _filling(self, loaded: LoadedForm, interview: Interview, draft: Draft) -> ScriptedFilling:
        desk = DraftDesk(
            save=self._desk.vault.drafts.save,
            decline=self._finalizer.decline,
            take_in=self._take_in,
            drop=partial(drop_media, self._desk.media_folder),
            thumbnail=self._thumbnail,
            media=lambda name: self._desk.library.file(loaded.form.hash, name),
            needs_approval=bool(self._policy().lead_review),
        )
        return ScriptedFilling(loaded, interview, draft, desk, self._desk.clock)

    def _new_draft(self, loaded: LoadedForm) -> Draft:
        random_bytes, now_ms = self._desk.random_bytes, self._now_ms()
        consents = loaded.codebook.basis is Basis.CONSENT
        return Draft(
            draft_id=self._desk.vault.drafts.new_id(),
            form_id=loaded.form.id,
            form_hash=loaded.form.hash,
            title=loaded.form.title or loaded.form.id,
            record_id=random_bytes(RECORD_ID_BYTES),
            tag_key=new_tag_key(random_bytes),
            code=new_code(random_bytes) if consents else b"",
            started_ms=now_ms,
            updated_ms=now_ms,
            snapshot=b"",
            paradata=step(b"", now_ms, now_ms, Step.OPENED),
        )

    def _take_in(self, draft: Draft, source: Path, wish: Wish) -> tuple[Draft, str]:
        """Seal a file under a key the draft holds; the answer that names it saves both."""
        taken = self._device.picker.take(source, wish)
        desk = self._desk
        name, file = keep_media(desk.media_folder, desk.enumerator, taken, desk.random_bytes)
        return replace(draft, media={**draft.media, name: file}), name

    def _thumbnail(self, file: MediaFile) -> bytes:
        if not file.thumbnail:
            return b""
        folder = self._desk.media_folder
        return b"".join(open_media(folder, file.thumbnail, file.thumbnail_key))

    def _language(self, loaded: LoadedForm) -> str | None:
        """Return the form's language that is the screen's, if it has it."""
        wanted = self._desk.preferences().language
        return next((each.name for each in loaded.languages if each.tag == wanted), None)

    def _now_ms(self) -> int:
        return int(self._desk.clock.now().timestamp() * 1000)


def _kept(consent: Consent) -> ConsentKept:
    """Return the consent a case was collected under, as a draft keeps it."""
    return ConsentKept(
        decisions={p: d is Decision.GRANTED for p, d in consent.decisions.items()},
        notice_hash=consent.notice_hash,
        language=consent.language,
        method=consent.method.value,
        at_ms=consent.at_ms,
        assent=consent.assent,
    )
