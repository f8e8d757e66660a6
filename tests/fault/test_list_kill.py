"""LIST-032: a client killed while it applies a step has the old list or the new one, never both."""

import random
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

from client_project import DEPLOYMENT, TestProject

from shared.records.list_delta import encode_delta, make_delta
from shared.records.list_letter import How, write_letters
from shared.sealing.documents import Document, sign_document
from shared.sealing.envelope import Kind
from sync.driver import sync_once
from sync.transports.memory import MemoryTransport

ROWS, KILLS = 10_000, 3
APPLY = """
import sys
from client_project import TestProject
from pathlib import Path
project = TestProject()
print("begun", flush=True)
client = project.reopened(Path(sys.argv[1]))
client.lists()
print("done", flush=True)
"""


def rows(changed: int) -> bytes:
    lines = [b"n%d,label %d,%s\n" % (n, n, b"x" if n < changed else b"y") for n in range(ROWS)]
    return b"name,label,site\n" + b"".join(lines)


def apply_and_kill(home: Path, after_s: float | None) -> None:
    """Apply what waits in another process, and end that one after a while."""
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", APPLY, str(home)],
        stdout=subprocess.PIPE,
        cwd=root,
        env={"PYTHONPATH": f"{root}:{root / 'tests' / 'support'}", "PATH": "/usr/bin:/bin"},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    if after_s is not None:
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
    said = process.stdout.read()
    process.wait()
    process.stdout.close()
    assert after_s is not None or said == b"done\n"


def test_a_kill_leaves_the_old_list_or_the_new_one(tmp_path: Path) -> None:
    project, home = TestProject(), tmp_path / "home"
    client = project.on_disk(home)
    chance = random.Random(3)
    seen: set[int] = set()
    for number in range(KILLS + 1):
        new = rows(number * 100)
        if number == 0:
            how, content, kind = How.WHOLE, new, "list"
        else:
            delta = make_delta(rows((number - 1) * 100), new)
            assert delta is not None
            how, content, kind = How.STEP, encode_delta(delta), "delta"
        for letter in write_letters("cases", number + 1, how, content):
            project.mail(client, Kind.CASE_LIST, letter.encode())
        document = Document(DEPLOYMENT, kind, "sites.csv", number + 1, content)
        project.broadcast(Kind.LIST, sign_document(project.root, document))
        assert client.project is not None
        # The entries arrive; what they say is applied by the process that is killed.
        peer = client.project.peer
        sync_once(peer, MemoryTransport(project.responder, peer.me.author))
        client.close()
        if number:
            apply_and_kill(home, chance.uniform(0.1, 1.2))
        client = project.reopened(home)
        held = {row.name: row for row in client.lists()}
        for name in ("cases", "sites.csv"):
            assert held[name].digest == sha256(rows((held[name].serial - 1) * 100)).hexdigest()
        seen.add(held["cases"].serial)
        assert held["cases"].serial == number + 1, "opened again, it goes on where it was killed"
    client.close()
    assert len(seen) == KILLS + 1
