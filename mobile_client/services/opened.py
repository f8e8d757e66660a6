"""What an unlocked vault adds to the client: its drafts, its records, and what works on them."""

from collections.abc import Iterable, Mapping
from typing import Any

from mobile_client.presenters.rows import DraftRow, RecordRow
from mobile_client.presenters.views import ProgressView
from mobile_client.services.case_book import CaseBook
from mobile_client.services.finalizing import RECORD, Finalizer
from mobile_client.services.interviews import Interviews
from mobile_client.services.list_book import ListBook
from mobile_client.services.whereabouts import Whereabouts, state_of
from mobile_client.vault.vault import Vault


class Opened:
    """One enumerator's vault, open."""

    def __init__(
        self,
        vault: Vault,
        finalizer: Finalizer,
        interviews: Interviews,
        cases: CaseBook,
        lists: ListBook,
    ) -> None:
        self.vault = vault
        self.finalizer = finalizer
        self.interviews = interviews
        self.cases = cases
        self.lists = lists

    def drafts(self, *, lead_review: bool) -> tuple[DraftRow, ...]:
        """Return this enumerator's drafts, newest first; a lead's look may bar finalize."""
        return tuple(
            DraftRow(
                draft_id=draft.draft_id,
                form_id=draft.form_id,
                title=draft.title,
                started_ms=draft.started_ms,
                updated_ms=draft.updated_ms,
                progress=ProgressView(draft.answered, draft.asked),
                ready=draft.ready and (bool(draft.approved_by) or not lead_review),
                needs_consent=draft.consent is not None,
                returned=draft.returned,
            )
            for draft in self.vault.drafts.all()
        )

    def records(
        self, whereabouts: Whereabouts, bundles: Iterable[Mapping[str, Any]]
    ) -> tuple[RecordRow, ...]:
        """Return this enumerator's finalized records, newest first."""
        received, handed_over = whereabouts.reached(bundles)
        rows = []
        for _, item in self.vault.items(RECORD):
            log = whereabouts.log(item["incarnation"])
            rows.append(
                RecordRow(
                    record_id=item["record_id"].hex(),
                    form_id=item["form_id"],
                    title=item["title"],
                    finalized_ms=item["at_ms"],
                    state=state_of(log, item["sequence"], received, handed_over),
                )
            )
        return tuple(reversed(rows))
