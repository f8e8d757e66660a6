"""A file of so many megabytes from a question to the sealed log, with a lid on memory.

`python large_file.py FOLDER MEGABYTES LID_MEGABYTES` prints JSON: length, seconds, peak.
The lid is what the process may take beyond what it has once all is imported and enrolled.
"""

import json
import resource
import sys
import time
from pathlib import Path

from client_project import TestProject

from mobile_client.presenters.views import ConsentGiven
from shared.sealing.envelope import Kind
from sync.core.have import LogName
from sync.core.store import Chunk

FORM = """
| survey |
| | type | name | label | bind::cairn:disclosure |
| | note | notice | We look at this site. | open |
| | integer | people | How many people? | open |
| | file | plan | A plan | open |
| settings |
| | form_id | form_title | version | cairn_basis | cairn_purposes |
| | site | Site | 1 | observation | statistics |
"""


def taken_bytes() -> int:
    """Return the address space this process has taken."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def main(folder: Path, megabytes: int, lid: int) -> None:
    """Attach, finalize, read the chunks back, and say how it went."""
    project = TestProject()
    project.publish(FORM)
    client = project.enrolled(folder / "home")
    source = folder / "film.mp4"
    with source.open("wb") as file:
        file.truncate(megabytes << 20)
    interview = client.begin("site")
    if interview.notice_due:
        interview.consent(ConsentGiven(frozenset(), ""))
    interview.answer("/data/people", "4")
    most = taken_bytes() + (lid << 20)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    began = time.monotonic()
    interview.attach("/data/plan", source)
    kept = time.monotonic()
    interview.close()
    client.finalize(interview.draft_id)
    sealed = time.monotonic()
    assert client.project is not None
    peer = client.project.peer
    store = peer.store
    (entry,) = [
        one
        for branch in store.branches(LogName(peer.me.author, peer.me.incarnation))
        for one in store.entries(branch, 1, branch.head.sequence)
        if one.header.kind == Kind.ATTACHMENT
    ]
    (ref,) = entry.header.payloads
    offset = 0
    while isinstance(chunk := store.chunk(ref.hash, offset), Chunk):
        offset += len(chunk.data)
    assert offset == ref.length
    content = {
        "length": ref.length,
        "keep_s": kept - began,
        "finalize_s": sealed - kept,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    sys.stdout.write(json.dumps(content) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
