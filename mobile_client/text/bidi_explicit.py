"""Explicit directions: embeddings, overrides, isolates (UAX #9 rules X1-X10).

Input is one paragraph's bidirectional classes; output is a level per character and the isolating
run sequences the weak and neutral rules of `bidi` then work on. Source: Unicode Annex #9.
"""

from dataclasses import dataclass
from typing import Final

DEPTH_MAX: Final = 125
"""Deepest embedding level, fixed by the annex (BD2)."""

ISOLATES: Final = frozenset({"LRI", "RLI", "FSI"})
REMOVED: Final = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "BN"})
_EMBEDS: Final = {"LRE": (0, None), "RLE": (1, None), "LRO": (0, "L"), "RLO": (1, "R")}


@dataclass(frozen=True)
class Sequence:
    """One isolating run sequence: positions in reading order, with its level and outer types."""

    positions: tuple[int, ...]
    level: int
    before: str
    after: str


@dataclass(frozen=True)
class _Frame:
    level: int
    override: str | None
    isolate: bool


class _Stack:
    """The directional status stack with its three counters (X1)."""

    def __init__(self, base: int) -> None:
        self.frames = [_Frame(base, None, isolate=False)]
        self.lost_isolates = 0
        self.lost_embeddings = 0
        self.open_isolates = 0

    @property
    def top(self) -> _Frame:
        return self.frames[-1]

    def next_level(self, parity: int) -> int:
        level = self.top.level + 1
        return level if level % 2 == parity else level + 1

    def embed(self, parity: int, override: str | None) -> None:
        level = self.next_level(parity)
        if level <= DEPTH_MAX and not self.lost_isolates and not self.lost_embeddings:
            self.frames.append(_Frame(level, override, isolate=False))
        elif not self.lost_isolates:
            self.lost_embeddings += 1

    def isolate(self, parity: int) -> None:
        level = self.next_level(parity)
        if level <= DEPTH_MAX and not self.lost_isolates and not self.lost_embeddings:
            self.open_isolates += 1
            self.frames.append(_Frame(level, None, isolate=True))
        else:
            self.lost_isolates += 1

    def end_isolate(self) -> None:
        if self.lost_isolates:
            self.lost_isolates -= 1
        elif self.open_isolates:
            self.lost_embeddings = 0
            while not self.top.isolate:
                self.frames.pop()
            self.frames.pop()
            self.open_isolates -= 1

    def end_embed(self) -> None:
        if self.lost_isolates:
            return
        if self.lost_embeddings:
            self.lost_embeddings -= 1
        elif not self.top.isolate and len(self.frames) > 1:
            self.frames.pop()


def first_strong(types: list[str], start: int, stop: int) -> int | None:
    """Return 0 or 1 for the first strong type outside isolates, None when there is none (P2)."""
    depth = 0
    for index in range(start, stop):
        kind = types[index]
        if kind in ISOLATES:
            depth += 1
        elif kind == "PDI":
            depth = max(0, depth - 1)
        elif depth == 0 and kind in {"L", "R", "AL"}:
            return 0 if kind == "L" else 1
    return None


def matching_isolates(types: list[str]) -> dict[int, int]:
    """Map each isolate initiator to its PDI, where it has one (BD9)."""
    pairs: dict[int, int] = {}
    unclosed: list[int] = []
    for index, kind in enumerate(types):
        if kind in ISOLATES:
            unclosed.append(index)
        elif kind == "PDI" and unclosed:
            pairs[unclosed.pop()] = index
    return pairs


def assign_levels(types: list[str], base: int, pairs: dict[int, int]) -> list[int]:
    """Give every character its explicit level; overrides rewrite `types` in place (X1-X8)."""
    original = list(types)
    stack = _Stack(base)
    levels = [base] * len(types)
    for index, kind in enumerate(original):
        if kind == "B":
            continue
        if kind == "PDF":
            stack.end_embed()
        elif kind == "PDI":
            stack.end_isolate()
        levels[index] = stack.top.level
        if stack.top.override and kind not in REMOVED:
            types[index] = stack.top.override
        if kind in _EMBEDS:
            stack.embed(*_EMBEDS[kind])
        elif kind in ISOLATES:
            stop = pairs.get(index, len(types))
            own = first_strong(original, index + 1, stop) if kind == "FSI" else None
            stack.isolate(1 if kind == "RLI" else own or 0)
    return levels


def isolating_sequences(
    original: list[str], levels: list[int], base: int, pairs: dict[int, int]
) -> list[Sequence]:
    """Join level runs across isolates and say what stands before and after each (X10)."""
    kept = [index for index, kind in enumerate(original) if kind not in REMOVED]
    runs = _level_runs(kept, levels)
    run_at = {run[0]: run for run in runs}
    closing = set(pairs.values())
    before = dict(zip(kept[1:], (levels[index] for index in kept), strict=False))
    after = dict(zip(kept, (levels[index] for index in kept[1:]), strict=False))
    sequences = []
    for run in runs:
        if run[0] in closing:
            continue  # It continues the sequence of its initiator.
        chain = list(run)
        while original[chain[-1]] in ISOLATES and chain[-1] in pairs:
            chain += run_at[pairs[chain[-1]]]
        level = levels[run[0]]
        unclosed = original[chain[-1]] in ISOLATES
        level_after = base if unclosed else after.get(chain[-1], base)
        sequences.append(
            Sequence(
                positions=tuple(chain),
                level=level,
                before="R" if max(level, before.get(run[0], base)) % 2 else "L",
                after="R" if max(level, level_after) % 2 else "L",
            )
        )
    return sequences


def _level_runs(kept: list[int], levels: list[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for index in kept:
        if runs and levels[runs[-1][-1]] == levels[index]:
            runs[-1].append(index)
        else:
            runs.append([index])
    return runs
