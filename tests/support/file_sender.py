"""A tablet's hand-over as a process of its own, to be killed: `python file_sender.py SPEC.json`.

The store is the tablet's SQLite file; the process ends with 0 once nothing is left to send.
"""

import json
import sys
from pathlib import Path

from mobile_client.services.clocks import SystemClock
from shared.errors import CairnError
from shared.ids import AuthorId, DeploymentId
from shared.sealing.keys import SigningKey
from shared.sealing.receipts import Signed
from sync.core.directory import Directory
from sync.driver import sync_once
from sync.peer import Me, Peer
from sync.stores.sqlite import SqliteLogStore
from sync.transports.https import HttpTransport


def main(path: Path) -> int:
    """Hand over once; 3 where the line broke."""
    spec: dict[str, str] = json.loads(path.read_text())
    read = bytes.fromhex
    clock = SystemClock()
    store = SqliteLogStore(Path(spec["store"]), clock)
    directory = Directory(DeploymentId(read(spec["deployment"])), read(spec["root"]))
    certificate = Signed(read(spec["certificate"]), read(spec["certificate_signature"]))
    key = SigningKey.from_bytes(read(spec["key"]))
    me = Me(AuthorId(read(spec["author"])), key, certificate)
    peer = Peer(store, me, directory, clock)
    try:
        with HttpTransport(spec["url"], me.author, key, tls_pin=read(spec["pin"])) as line:
            return 0 if sync_once(peer, line).complete else 2
    except CairnError as error:
        sys.stderr.write(f"{error.message}\n")
        return 3


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
