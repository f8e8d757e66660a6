"""Bytes and rates of sealing: a 60-answer record with 8 direct fields, in a batch of 100.

Everything is counted: the form's own start, end and instanceID beside the 60 answers, the epoch
entry with its three hybrid encapsulations, the run's signature, salts, tags, padding. Rates are of
whole records (verify, open, unpad, inflate, decode), on one process by its processor time and on
two by the clock on the wall. References: 3,615 bytes and 503 back as ODK's OpenRosa submission,
and the 3,000 records a second that intake must reach.
"""

import json
import random
import time
from collections.abc import Callable
from multiprocessing import get_context

from sealing_kit import DAY, NOW_MS, Project, seeded
from survey_kit import halves, survey

from shared.canonical import decode, encode
from shared.records.codec import Codebooks, decode_body, encode_body, encode_identity
from shared.sealing.envelope import Compartment, Kind, verify_head
from shared.sealing.epochs import open_epoch, open_payload
from shared.sealing.keys import SecretKey, SigningKey, Suite
from shared.sealing.log_writer import Appended, append_sealed, begin_epoch
from sync.core.batch import Run, decode_batch, encode_batch, sealed_entry

RECORDS = 100
BYTES_LIMIT = 600
ODK_BYTES = 3615
RATE_LIMIT = 3000
REPEATS = 7
PROJECT = Project(Suite.HYBRID)
CODEBOOK = survey()
BOOKS = Codebooks(CODEBOOK)


def plaintexts() -> list[dict[Compartment, bytes]]:
    """Return the two halves of each record, encoded."""
    rng = random.Random(42)
    out = []
    for i in range(RECORDS):
        body, identity = halves(rng, CODEBOOK, NOW_MS + i * 1_800_000)
        out.append(
            {
                Compartment.BODY: encode_body(body, CODEBOOK),
                Compartment.IDENTITY: encode_identity(identity, CODEBOOK),
            }
        )
    return out


def seal_all(rows: list[dict[Compartment, bytes]]) -> list[Appended]:
    """Return the epoch entry and one entry a record."""
    random_bytes = seeded(1)
    first, epoch = begin_epoch(PROJECT.device, PROJECT.tip, PROJECT.ring(), DAY, random_bytes)
    made = [first]
    for row in rows:
        made.append(
            append_sealed(
                PROJECT.device,
                made[-1].tip,
                Kind.REVISION,
                row,
                epoch=epoch,
                day=DAY,
                random_bytes=random_bytes,
            )
        )
    return made


def batch_of(made: list[Appended]) -> bytes:
    """Return one run of entries under its last head signature."""
    entries = tuple(sealed_entry(a.entry.header, a.entry.payloads) for a in made)
    return encode_batch(PROJECT.deployment, [Run(entries, DAY, made[-1].signature)])


def take_in(batch: bytes, public: bytes, intake: SecretKey) -> int:
    """Verify, open and decode every record of a batch, as a mission server does."""
    count = 0
    for run in decode_batch(batch, PROJECT.deployment):
        assert isinstance(run, Run)
        verify_head(public, run.head, run.signature)
        first = run.entries[0]
        payload = first.payloads[Compartment.BODY]
        secret = open_epoch(payload, [intake], first.header.log, Compartment.BODY)
        for entry in run.entries[1:]:
            ciphertext = entry.payloads[Compartment.BODY]
            decode_body(open_payload(secret, entry.header, Compartment.BODY, ciphertext), BOOKS)
            count += 1
    return count


def best(work: Callable[[], object], times: int = 1) -> float:
    """Return the processor seconds of the fastest of several repeats: others only slow it."""
    seconds = []
    for _ in range(REPEATS):
        start = time.process_time()
        for _ in range(times):
            work()
        seconds.append((time.process_time() - start) / times)
    return min(seconds)


def worker(batch: bytes, times: int) -> int:
    """Take in a batch some times, in a process of its own."""
    return sum(take_in(batch, PROJECT.device.public_bytes, PROJECT.intake) for _ in range(times))


def rate_on_two(batch: bytes) -> float:
    """Return records a second with one batch stream in each of two processes."""
    times = 20
    with get_context("spawn").Pool(2) as pool:
        pool.starmap(worker, [(batch, 1)] * 2, chunksize=1)
        rates = []
        for _ in range(3):
            start = time.perf_counter()
            done = sum(pool.starmap(worker, [(batch, times)] * 2, chunksize=1))
            rates.append(done / (time.perf_counter() - start))
    return max(rates)


def main() -> None:
    """Print one JSON object."""
    rows = plaintexts()
    made = seal_all(rows)
    batch = batch_of(made)
    epoch_bytes = len(batch_of(made[:1]))
    record_bytes = len(batch) / RECORDS
    public, intake = PROJECT.device.public_bytes, PROJECT.intake
    one = RECORDS / best(lambda: take_in(batch, public, intake))
    two = rate_on_two(batch)
    body, identity = halves(random.Random(1), CODEBOOK, NOW_MS)
    plain = encode_body(body, CODEBOOK)
    tree = decode(encode([list(range(60)), {"a": [1.5, "text", b"bytes"]}]))
    encoded = encode(tree)
    key, other = SigningKey.generate(), SecretKey.generate(Suite.HYBRID)
    head = made[-1]
    result = {
        "record_bytes": round(record_bytes, 1),
        "record_bytes_limit": BYTES_LIMIT,
        "record_bytes_to_limit": round(record_bytes / BYTES_LIMIT, 3),
        "record_bytes_to_odk": round(record_bytes / ODK_BYTES, 3),
        "epoch_entry_bytes": epoch_bytes,
        "body_plaintext_bytes": round(sum(len(r[Compartment.BODY]) for r in rows) / RECORDS, 1),
        "identity_plaintext_bytes": round(
            sum(len(r[Compartment.IDENTITY]) for r in rows) / RECORDS, 1
        ),
        "intake_records_per_s_one_process": round(one),
        "intake_records_per_s_two_processes": round(two),
        "intake_to_limit": round(two / RATE_LIMIT, 2),
        "decode_body_us": round(best(lambda: decode_body(plain, BOOKS), 300) * 1e6, 1),
        "encode_body_us": round(best(lambda: encode_body(body, CODEBOOK), 100) * 1e6, 1),
        "encode_identity_us": round(
            best(lambda: encode_identity(identity, CODEBOOK), 100) * 1e6, 1
        ),
        "seal_record_us": round(best(lambda: seal_all(rows[:20])) / 20 * 1e6, 1),
        "decode_60_small_items_us": round(best(lambda: decode(encoded), 1000) * 1e6, 2),
        "sign_head_us": round(best(lambda: key.sign("head", b"x" * 100), 300) * 1e6, 1),
        "verify_head_us": round(
            best(lambda: verify_head(public, head.head, head.signature), 300) * 1e6, 1
        ),
        "hybrid_seal_us": round(best(lambda: other.public.seal(bytes(32), b""), 50) * 1e6, 1),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
