"""kill -9 in the middle of an upgrade: the next start finishes it, nothing is lost. SYNC-141."""

import shutil
from pathlib import Path

from old_home import HOMES, finish_draft, format_of, head_names, make_first_log, unpacked
from upgrade_victim import opened_until

from mobile_client.vault.database import VAULT_FORMAT
from sync.stores.schema import LOG_FORMAT

STATEMENTS_MAX = 200


def test_an_upgrade_killed_anywhere_goes_on_at_the_next_start(tmp_path: Path) -> None:
    project = unpacked(HOMES / "format_0.zip", tmp_path / "first")
    old = tmp_path / "first" / "home"
    make_first_log(old / "log.db")
    seen: set[tuple[int, int]] = set()
    statement, finished = 1, False
    home = tmp_path / "home"
    shutil.copytree(old, home)
    while not finished:
        finished = opened_until(home, statement)
        formats = format_of(home / "vault" / "vault.db"), format_of(home / "log.db")
        seen.add(formats)
        if formats == (VAULT_FORMAT, LOG_FORMAT) and not finished:
            break  # all of it is done; what is left is ordinary opening
        statement += 1
        assert statement < STATEMENTS_MAX
    assert seen == {(0, 0), (VAULT_FORMAT, 0), (VAULT_FORMAT, LOG_FORMAT)}, "one file at a time"
    client = project.reopened(home)
    assert head_names(client) == ["Open draft"]
    finish_draft(client)
    project.sync(client)
    names = [i.patch["/data/interview/head_name"] for i in project.identities()]
    assert names == ["Sent", "Unsent one", "Unsent two", "Open draft"]
    client.close()
    project.store.close()
