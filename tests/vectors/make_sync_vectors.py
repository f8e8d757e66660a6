"""Write tests/vectors/sync/*.txt: one behaviour a file, mostly refusals (as age's vectors are).

Run from the repository root: `python tests/vectors/make_sync_vectors.py`. Keys are fixed, so a
second run writes the same bytes.
"""

import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]


def main() -> None:
    """Write every vector, refuse to write one that our own code contradicts."""
    sys.path[:0] = [str(REPO), str(REPO / "tests" / "support")]
    from sync_vector_cases import cases  # noqa: PLC0415 - found only from here on
    from sync_vector_ops import FOLDER, run  # noqa: PLC0415

    FOLDER.mkdir(parents=True, exist_ok=True)
    vectors = list(cases())
    names = [vector.name for vector in vectors]
    if len(set(names)) != len(names):
        raise SystemExit("two vectors have one name")
    for vector in vectors:
        outcome = run(vector.op, vector.inputs)
        if outcome != (vector.expect, vector.output):
            raise SystemExit(f"{vector.name}: {outcome} is not {vector.expect}, {vector.output}")
    for stale in FOLDER.glob("*.txt"):
        if stale.stem not in names:
            stale.unlink()
    for vector in vectors:
        (FOLDER / f"{vector.name}.txt").write_text(vector.text(), encoding="utf-8")
    refused = sum(vector.expect != "success" for vector in vectors)
    sys.stdout.write(f"{len(vectors)} vectors, {refused} of them refusals\n")


if __name__ == "__main__":
    main()
