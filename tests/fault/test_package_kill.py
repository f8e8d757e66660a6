"""kill -9 of the client while it loads a package: it goes on from there. SYNC-081, SYNC-134."""

import random
import time
from pathlib import Path

from app_packages import manifest_of, package_bytes, signed_manifest
from client_http import HttpProject
from client_project import DEPLOYMENT, TestProject, finalized_household
from client_victim import Victim

from shared.limits import CHUNK_BYTES
from shared.sealing.envelope import Kind
from shared.versions import parse_version
from sync.core.messages import Answer, Message

KILLS = 12
DATA = package_bytes(5, 40 * CHUNK_BYTES + 7)
NEWER = manifest_of(DATA, "9.0", "any")


def test_killed_in_mid_load_at_most_one_chunk_a_kill_is_sent_again(tmp_path: Path) -> None:
    project = TestProject()
    project.publish()
    project.broadcast(Kind.PACKAGE, signed_manifest(NEWER, project.root, DEPLOYMENT))
    project.peer.load()
    project.peer.packages.put(
        NEWER, (DATA[at : at + CHUNK_BYTES] for at in range(0, len(DATA), CHUNK_BYTES))
    )
    sent = [0]
    respond = project.responder.respond

    def counting(message: Message) -> Answer:
        answer = respond(message)
        sent[0] += len(answer.chunks)
        return answer

    project.responder.respond = counting  # type: ignore[method-assign]
    dice = random.Random(3)
    home = tmp_path / "home"
    with HttpProject(project) as server:
        client = project.on_disk(home, server.address)
        assert client.machine.version < parse_version("9.0")
        finalized_household(client)
        client.fetch_upgrade()
        client.close()
        reached = [0]
        for _ in range(KILLS):
            victim = Victim(home, [{"op": "sync"}])
            time.sleep(0.05 + dice.random() * 0.3)
            victim.kill()
            with server.lock:
                client = project.reopened(home)
                reached.append(client.upgrade().received)
                client.close()
        victim = Victim(home, [{"op": "sync"}, {"op": "status"}])
        assert victim.wait_for(2)
        status = victim.replies[1]["value"]
        victim.kill()
    assert reached == sorted(reached), "what was loaded stays"
    assert status["upgrade"]["whole"]
    assert status["counts"]["received"] == 1
    assert sent[0] <= 41 + KILLS
    client = project.reopened(home)
    assert client.save_upgrade(tmp_path / "out.zip").read_bytes() == DATA
    client.close()
