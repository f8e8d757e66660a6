"""A hub that does not keep the rules: it changes the messages it forwards, each in its own way.

It is enrolled and holds its own keys, so TLS and the exchange's signatures are in order: only what
tablets and server signed themselves can stop it.
"""

import random
from collections.abc import Callable
from dataclasses import replace

from log_writing import signing_key

from shared.ids import EntryHash
from shared.sealing.envelope import sign_head
from shared.sealing.receipts import Signed
from sync.core.batch import Run, SealedEntry, decode_batch, encode_batch, sealed_entry
from sync.core.messages import Answer, Message, Papers
from sync.transports.base import Transport

Mischief = Callable[[Run, random.Random], Run]
THIEF = signing_key("a thief's key")


def alter_payload(run: Run, chance: random.Random) -> Run:
    """Change one byte of a sealed payload."""
    place = _with_payload(run)
    entry = run.entries[place]
    part, data = next((c, d) for c, d in entry.payloads.items() if d)
    at = chance.randrange(len(data))
    changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    return _put(run, place, replace(entry, payloads={**entry.payloads, part: changed}))


def alter_header(run: Run, chance: random.Random) -> Run:
    """Change an entry and mend the chain behind it, as far as one can without the key."""
    place = chance.randrange(len(run.entries))
    entries = list(run.entries)
    entry = entries[place]
    entries[place] = sealed_entry(replace(entry.header, salt=chance.randbytes(16)), entry.payloads)
    return _renumbered(run, entries)


def reorder(run: Run, chance: random.Random) -> Run:
    """Let two entries change places, numbers and chain made to fit."""
    if len(run.entries) < 2:
        return alter_header(run, chance)
    entries = list(run.entries)
    place = chance.randrange(len(entries) - 1)
    entries[place], entries[place + 1] = entries[place + 1], entries[place]
    return _renumbered(run, entries)


def drop_one(run: Run, chance: random.Random) -> Run:
    """Leave an entry out, numbers and chain made to fit."""
    if len(run.entries) < 2:
        return alter_header(run, chance)
    entries = list(run.entries)
    del entries[chance.randrange(len(entries) - 1)]
    return _renumbered(run, entries)


def invent(run: Run, chance: random.Random) -> Run:
    """Add an entry that the tablet never wrote, signed by nobody."""
    last = run.entries[-1]
    header = replace(
        last.header,
        sequence=last.header.sequence + 1,
        previous=last.hash,
        salt=chance.randbytes(16),
    )
    made = sealed_entry(header, last.payloads)
    return Run((*run.entries, made), run.signed_on, chance.randbytes(64))


def sign_for_the_tablet(run: Run, chance: random.Random) -> Run:
    """Invent, and sign with a key of one's own."""
    made = invent(run, chance)
    return replace(made, signature=sign_head(THIEF, made.head))


def end_elsewhere(run: Run, chance: random.Random) -> Run:
    """Leave the end out and keep the signature of the whole: withheld inside a run."""
    if len(run.entries) < 2:
        return alter_header(run, chance)
    return Run(run.entries[:-1], run.signed_on, run.signature)


def backdate(run: Run, chance: random.Random) -> Run:
    """Change the day of the signature."""
    return replace(run, signed_on=run.signed_on - chance.randint(1, 900))


MISCHIEF: dict[str, Mischief] = {
    made.__name__: made
    for made in (
        alter_payload,
        alter_header,
        reorder,
        drop_one,
        invent,
        sign_for_the_tablet,
        end_elsewhere,
        backdate,
    )
}


class EvilLine:
    """The hub's line to the mission server: what goes up is changed, and kept to be replayed."""

    def __init__(self, line: Transport, mischief: Mischief, seed: int) -> None:
        self._line = line
        self._mischief = mischief
        self._chance = random.Random(seed)
        self.sent: list[Message] = []

    def is_known(self) -> bool:
        """Ask as an honest hub would."""
        return self._line.is_known()

    def exchange(self, message: Message) -> Answer:
        """Send the message with every run in it changed."""
        self.sent.append(message)
        return self._line.exchange(self.changed(message))

    def changed(self, message: Message) -> Message:
        """Return the message as it goes up."""
        if message.batch is None:
            return message
        runs = [
            self._mischief(run, self._chance)
            for run in decode_batch(message.batch, message.deployment)
            if isinstance(run, Run)
        ]
        return replace(message, batch=encode_batch(message.deployment, runs))


def forged_papers(papers: Papers, chance: random.Random) -> Papers:
    """Return receipts and notes as a hub would like them to read."""

    def forged(paper: Signed) -> Signed:
        data = bytearray(paper.data)
        data[chance.randrange(len(data))] ^= 1
        return Signed(bytes(data), paper.signature)

    return Papers(
        tuple(map(forged, papers.receipts)),
        tuple(map(forged, papers.notes)),
        papers.certificates,
    )


def _with_payload(run: Run) -> int:
    return next(n for n, entry in enumerate(run.entries) if any(entry.payloads.values()))


def _put(run: Run, place: int, entry: SealedEntry) -> Run:
    return replace(run, entries=(*run.entries[:place], entry, *run.entries[place + 1 :]))


def _renumbered(run: Run, entries: list[SealedEntry]) -> Run:
    """Give the entries the run's numbers and a chain of their own."""
    first = run.entries[0].header
    previous, made = first.previous, []
    for number, entry in enumerate(entries, start=first.sequence):
        header = replace(entry.header, sequence=number, previous=previous)
        made.append(sealed_entry(header, entry.payloads))
        previous = EntryHash(made[-1].hash)
    return Run(tuple(made), run.signed_on, run.signature)
