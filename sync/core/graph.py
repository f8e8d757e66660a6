"""The revision graph: who knew of whom, kept as revisions arrive in any order. Rules SYNC-060, 061.

A revision is applied once all its parents are; until then it is held. Each applied revision has a
place (its number in order of application) and the set of places it knew of, as bits of one integer:
"did b know of a" is one shift, and nothing is walked again when a long history grows.
The places differ between replicas; no result may depend on them.
"""

from collections.abc import Iterable, Iterator

from shared.ids import RevisionId


class RevisionGraph:
    """Revisions by id with their parents, applied parents first."""

    def __init__(self) -> None:
        self._places: dict[RevisionId, int] = {}
        self._ids: list[RevisionId] = []
        self._known: list[int] = []
        self._depths: list[int] = []
        self._covered = 0
        self._held: dict[RevisionId, tuple[RevisionId, ...]] = {}
        self._waiting: dict[RevisionId, list[RevisionId]] = {}

    def add(self, revision_id: RevisionId, parents: Iterable[RevisionId]) -> list[RevisionId]:
        """Take one revision in; return those that can be applied now, parents first.

        A revision already held or applied changes nothing (SYNC-053).
        """
        if revision_id in self._places or revision_id in self._held:
            return []
        self._held[revision_id] = tuple(dict.fromkeys(parents))
        ready, applied = [revision_id], []
        while ready:
            candidate = ready.pop()
            missing = next((p for p in self._held[candidate] if p not in self._places), None)
            if missing is not None:
                self._waiting.setdefault(missing, []).append(candidate)
                continue
            self._apply(candidate, self._held.pop(candidate))
            applied.append(candidate)
            ready.extend(self._waiting.pop(candidate, ()))
        return applied

    def _apply(self, revision_id: RevisionId, parents: tuple[RevisionId, ...]) -> None:
        known, depth = 0, 0
        for parent in parents:
            place = self._places[parent]
            known |= self._known[place] | 1 << place
            depth = max(depth, self._depths[place] + 1)
        self._places[revision_id] = len(self._ids)
        self._ids.append(revision_id)
        self._known.append(known)
        self._depths.append(depth)
        self._covered |= known

    @property
    def held(self) -> tuple[RevisionId, ...]:
        """Revisions that wait for a missing parent, sorted."""
        return tuple(sorted(self._held))

    @property
    def heads(self) -> tuple[RevisionId, ...]:
        """Applied revisions that no other knew of, sorted."""
        return tuple(
            sorted(self._ids[place] for place in bits(~self._covered & (1 << len(self._ids)) - 1))
        )

    def place(self, revision_id: RevisionId) -> int:
        """Return the place of an applied revision."""
        return self._places[revision_id]

    def id_at(self, place: int) -> RevisionId:
        """Return the revision at a place."""
        return self._ids[place]

    def known(self, place: int) -> int:
        """Return the places that the revision at `place` knew of, as bits."""
        return self._known[place]

    def rank(self, place: int) -> tuple[int, RevisionId]:
        """Return causal depth and id: the order in which a provisional value is chosen."""
        return self._depths[place], self._ids[place]


def bits(mask: int) -> Iterator[int]:
    """Yield the numbers of the bits set, lowest first."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
