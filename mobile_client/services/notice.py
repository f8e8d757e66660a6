"""The notice and what it asks, read from a form's own questions (CONS-002 to 005, CONS-008)."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from mobile_client.presenters.views import ConsentGiven, NoticeView, PurposeRow
from mobile_client.services.languages import language_of
from mobile_client.services.loaded_form import AGREES, LoadedForm
from mobile_client.services.questions import kind_of
from mobile_client.vault.drafts import ConsentKept
from shared.forms.interview import Interview
from shared.records.codebook import Basis

_YES: Final = "yes"
_SPOKEN: Final = "spoken"
"""What some forms call a verbal decision."""
_HASH_BYTES: Final = 16
_METHODS: Final = frozenset({"verbal", "signature", "thumbprint", "guardian"})


class NoticeReader:
    """Reads the notice group of one interview."""

    def __init__(self, loaded: LoadedForm, interview: Interview) -> None:
        self._loaded = loaded
        self._interview = interview

    def questions(self) -> tuple[str, ...]:
        """Return the paths of what the group asks now, the notes left out."""
        return tuple(path for path in self._children() if not self._is_note(path))

    def view(self, *, resuming: bool) -> NoticeView:
        """Return the notice in the language shown."""
        form = self._loaded.form
        note = self._note()
        shown = None if note is None else self._interview.shown(note)
        audio = "" if shown is None else shown.media.get("audio", "").rpartition("/")[2]
        text = "" if shown is None else shown.text.strip()
        unasked = () if resuming else self._unasked()
        return NoticeView(
            form_id=form.id,
            title=form.title or form.id,
            basis=self._loaded.codebook.basis.value,
            text=text,
            language=language_of(self._interview.language),
            languages=self._loaded.languages,
            purposes=tuple(PurposeRow(purpose, purpose) for purpose in unasked),
            audio=audio,
            resuming=resuming,
            asks_method=not resuming and self._consents() and not self._has("consent_method"),
        )

    def decision(self, given: ConsentGiven, now_ms: int) -> tuple[ConsentKept, bool]:
        """Return what was decided, and whether it carries the interview (CONS-004)."""
        purposes = self._loaded.form.purposes if self._consents() else ()
        decisions = {
            purpose: self._says_yes(f"consent_{purpose}")
            if self._has(f"consent_{purpose}")
            else purpose in given.granted
            for purpose in purposes
        }
        kept = ConsentKept(
            decisions=decisions,
            notice_hash=sha256(self.view(resuming=True).text.encode()).digest()[:_HASH_BYTES],
            language=language_of(self._interview.language).tag,
            method=self._method(given),
            at_ms=now_ms,
            assent=self._assent(given),
        )
        if not self._consents():
            return kept, self._says_yes(AGREES) or not self._has(AGREES)
        first = next(iter(decisions.values()), False)
        return kept, first and kept.assent is not False

    def _consents(self) -> bool:
        return self._loaded.codebook.basis is Basis.CONSENT

    def _unasked(self) -> tuple[str, ...]:
        """Return the purposes the form does not ask for itself."""
        if not self._consents():
            return ()
        return tuple(p for p in self._loaded.form.purposes if not self._has(f"consent_{p}"))

    def _method(self, given: ConsentGiven) -> str:
        if self._says_yes("guardian_present"):
            return "guardian"
        answer = self._answer("consent_method")
        if answer == _SPOKEN:
            return "verbal"
        return answer if answer in _METHODS else given.method

    def _assent(self, given: ConsentGiven) -> bool | None:
        answer = self._answer("child_assent")
        return answer == _YES if answer else given.assent

    def _children(self) -> tuple[str, ...]:
        """Return the asked and relevant questions of the group, notes too, in form order."""
        states = [self._interview.get(path) for path in self._loaded.notice_fields.values()]
        return tuple(state.path for state in states if state.kind and state.relevant)

    def _is_note(self, path: str) -> bool:
        return kind_of(self._interview.get(path)) == "note"

    def _note(self) -> str | None:
        return next((path for path in self._children() if self._is_note(path)), None)

    def _has(self, name: str) -> bool:
        return name in self._loaded.notice_fields

    def _answer(self, name: str) -> str:
        """Return a relevant answer in the group; "" where it is not asked, open or hidden."""
        if not self._has(name):
            return ""
        state = self._interview.get(self._loaded.notice_fields[name])
        return state.value if state.relevant else ""

    def _says_yes(self, name: str) -> bool:
        return self._answer(name) == _YES


def consented_purposes(loaded: LoadedForm, decisions: Mapping[str, bool] | None) -> frozenset[str]:
    """Return the purposes answers may serve: those granted, or all where nobody is asked."""
    if loaded.codebook.basis is not Basis.CONSENT:
        return frozenset(loaded.form.purposes)
    return frozenset(purpose for purpose, yes in (decisions or {}).items() if yes)
