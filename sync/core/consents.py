"""Consent by respondent and purpose: the most restrictive word counts, a withdrawal for good.

Rule SYNC-064. A later decision that knew of a refusal may grant; nothing undoes a withdrawal, not
even where the revision that carries it still waits for its parents.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from shared.records.consent import Consent, Decision
from sync.core.settle import Rank

_ORDER = {decision: number for number, decision in enumerate(Decision)}
_Said = tuple[int, Rank, Consent]


class Consents:
    """What the revisions of one record say of consent."""

    def __init__(self) -> None:
        self._live: dict[tuple[str, str], list[_Said]] = {}
        self._spoken: dict[str, list[_Said]] = {}
        self._withdrawn: set[tuple[str, str]] = set()

    def hear(self, consents: Iterable[Consent]) -> None:
        """Note withdrawals as soon as they arrive, applied or held."""
        for consent in consents:
            for purpose, decision in consent.decisions.items():
                if decision is Decision.WITHDRAWN:
                    self._withdrawn.add((consent.respondent, purpose))

    def apply(self, place: int, known: int, rank: Rank, consents: Iterable[Consent]) -> None:
        """Note an applied revision's decisions; those it knew of are replaced."""
        for consent in consents:
            said = (place, rank, consent)
            spoken = self._spoken.setdefault(consent.respondent, [])
            spoken[:] = [one for one in spoken if not known >> one[0] & 1]
            spoken.append(said)
            for purpose in consent.decisions:
                live = self._live.setdefault((consent.respondent, purpose), [])
                live[:] = [one for one in live if not known >> one[0] & 1]
                live.append(said)

    def state(self, withdrawn_hashes: frozenset[bytes]) -> Mapping[str, Consent]:
        """Return each respondent's consent, with the notice and method of the newest word."""
        decisions: dict[str, dict[str, Decision]] = {}
        for (respondent, purpose), live in sorted(self._live.items()):
            said = (consent.decisions[purpose] for _, _, consent in live)
            least = min(said, key=_ORDER.__getitem__)
            if (respondent, purpose) in self._withdrawn:
                least = Decision.WITHDRAWN
            decisions.setdefault(respondent, {})[purpose] = least
        merged: dict[str, Consent] = {}
        for respondent, by_purpose in decisions.items():
            spoken = self._spoken[respondent]
            newest = max(spoken, key=lambda one: one[1])[2]
            if any(consent.withdrawal_hash in withdrawn_hashes for _, _, consent in spoken):
                withdrawn = dict.fromkeys(by_purpose, Decision.WITHDRAWN)
                merged[respondent] = replace(newest, decisions=withdrawn)
            else:
                merged[respondent] = replace(newest, decisions=by_purpose)
        return merged
