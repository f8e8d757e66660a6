"""What a sync vector can ask for: operation name -> function from JSON inputs to a JSON output.

The files are laid out as the sealing vectors are (vector_ops.Vector); docs/spec/sync.md says what
each operation means.
"""

import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from vector_ops import REFUSALS, Inputs, Vector, b, load

from shared.canonical import decode
from shared.errors import CairnError, RemoteProtocolError, UnknownAuthor
from shared.ids import DeploymentId
from shared.records.list_delta import BaseUnknown, apply_delta, decode_delta
from shared.sealing.keys import Suite
from shared.sealing.receipts import Signed
from shared.sealing.ring import KeyRing, RingKey, Role
from sync.core.attest import decode_attestations, encode_attestations
from sync.core.batch import Run, decode_batch
from sync.core.certificate import open_certificate
from sync.core.challenges import check_exchange
from sync.core.have import have_from_wire
from sync.core.hub_code import parse_hub_code
from sync.core.messages import decode_answer, decode_message
from sync.core.plan import refuse_unreadable, take_run
from sync.stores.memory import MemoryLogStore
from sync.transports.bundle import read_header

FOLDER: Final = Path(__file__).resolve().parents[1] / "vectors" / "sync"
_WORDS: Final = REFUSALS | {
    BaseUnknown: "base unknown",
    RemoteProtocolError: "protocol refused",
    UnknownAuthor: "unknown author",
}


def load_all() -> Iterable[Vector]:
    """Read every vector, by name."""
    return map(load, sorted(FOLDER.glob("*.txt")))


def run(op: str, inputs: Inputs) -> tuple[str, Any]:
    """Return ("success", output), or the refusal's word and None."""
    try:
        return "success", OPS[op](inputs)
    except CairnError as error:
        return _WORDS[type(error)], None


def _have(inputs: Inputs) -> list[list[Any]]:
    have = have_from_wire(decode(b(inputs, "data")))
    return [[log.author.hex(), log.incarnation, p.sequence, p.hash.hex()] for log, p in have]


def _batch(inputs: Inputs) -> list[Any]:
    runs = decode_batch(b(inputs, "data"), DeploymentId(b(inputs, "deployment")))
    return [
        [run.log.author.hex(), run.head.sequence, run.head.hash.hex()]
        if isinstance(run, Run)
        else [run.log.author.hex(), run.first, "unreadable"]
        for run in runs
    ]


def _take(inputs: Inputs) -> list[Any]:
    """Take batches one after another into an empty store; public keys by author."""
    store = MemoryLogStore()
    outcomes: list[Any] = []
    for data in inputs["batches"]:
        runs = decode_batch(bytes.fromhex(data), DeploymentId(b(inputs, "deployment")))
        for item in runs:
            if isinstance(item, Run):
                public = inputs["public_keys"].get(item.log.author.hex())
                key = None if public is None else bytes.fromhex(public)
                outcome = take_run(store, item, key).outcome
            else:
                outcome = refuse_unreadable(item)
            outcomes.append([outcome.sequence, outcome.code.name.lower()])
    heads = [[log.author.hex(), point.sequence, point.hash.hex()] for log, point in store.have()]
    return [outcomes, heads]


def _message(inputs: Inputs) -> str:
    return decode_message(b(inputs, "data")).encode().hex()


def _answer(inputs: Inputs) -> str:
    return decode_answer(b(inputs, "data")).encode().hex()


def _certificate(inputs: Inputs) -> list[str]:
    key = RingKey(Role.SERVER_LOG, Suite.ED25519, b(inputs, "server_public"), 0, 99_999)
    ring = KeyRing(DeploymentId(b(inputs, "deployment")), 1, 0, bytes(32), "", (key,))
    opened = open_certificate(Signed(b(inputs, "data"), b(inputs, "signature")), ring)
    return [opened.author.hex(), str(opened.role)]


def _attestations(inputs: Inputs) -> str:
    """The items that are understood, encoded again."""
    return encode_attestations(decode_attestations(b(inputs, "data"))).hex()


def _hub_code(inputs: Inputs) -> list[Any]:
    code = parse_hub_code(inputs["code"])
    return [code.hub.hex(), list(code.addresses), code.tls_pin.hex(), code.label]


def _proof(inputs: Inputs) -> str:
    check_exchange(
        b(inputs, "public"), b(inputs, "challenge"), b(inputs, "body"), b(inputs, "signature")
    )
    return "ok"


def _bundle_header(inputs: Inputs) -> list[Any]:
    header, binding = read_header(io.BytesIO(b(inputs, "data")))
    return [header.sender.hex(), header.part, header.parts, binding.hex()]


def _list_step(inputs: Inputs) -> str:
    """Apply a step to a list, given in pieces of seven bytes."""
    base, step = b(inputs, "base"), decode_delta(b(inputs, "data"))
    pieces = (base[at : at + 7] for at in range(0, len(base), 7))
    return b"".join(apply_delta(pieces, step)).hex()


OPS: Final[dict[str, Callable[[Inputs], Any]]] = {
    "have": _have,
    "batch": _batch,
    "take": _take,
    "message": _message,
    "answer": _answer,
    "certificate": _certificate,
    "attestations": _attestations,
    "hub code": _hub_code,
    "exchange proof": _proof,
    "bundle header": _bundle_header,
    "list step": _list_step,
}
