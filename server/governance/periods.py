"""Intake keys by period: a new one begins, an old one is destroyed. Rules GOV-057, GOV-058.

What was sealed to a destroyed key opens no more, wherever a copy lies: on hub disks, sticks, in old
backups. Records taken in before stay readable: they were wrapped anew under keys of their own.
"""

from dataclasses import replace
from typing import Final

from sqlmodel import col, func, select

from server.db import reading
from server.governance.actions import Action
from server.governance.decide import Actor, Resource
from server.governance.keychain import VALID_DAYS, DatedKey, Keychain, save_keychain
from server.mission import CONSOLE, Mission
from server.tables.log import Work, WorkState
from shared.errors import UsageError
from shared.sealing.keys import SecretKey
from shared.sealing.passphrase import VAULT_COST, Cost

ID_CHARS: Final = 16


def begin_period(
    mission: Mission, passphrase: str, actor: Actor = CONSOLE, *, cost: Cost = VAULT_COST
) -> str:
    """Draw the next intake key, in force from tomorrow; return its id.

    Devices seal to it once the steward has signed a ring with it; until then nothing changes.

    Raises:
        PolicyDenied: the actor may not.
        PassphraseWrong: it is not the keys' passphrase.
    """
    keys = mission.unlock(passphrase)
    mission.permit(actor, Action.RING_IMPORT, Resource("key", "new intake period"))
    first = mission.today + 1
    fresh = DatedKey(SecretKey.generate(keys.intake[-1].secret.suite), first, first + VALID_DAYS)
    _save(mission, replace(keys, intake=(*keys.intake, fresh)), passphrase, cost)
    return key_name(fresh)


def end_period(
    mission: Mission, name: str, passphrase: str, actor: Actor = CONSOLE, *, cost: Cost = VAULT_COST
) -> None:
    """Destroy an intake key whose late-arrival window has closed.

    Raises:
        UsageError: no such key, the newest one in force, or entries still wait to be opened.
        PolicyDenied: the actor may not.
        PassphraseWrong: it is not the keys' passphrase.
    """
    keys = mission.unlock(passphrase)
    kept = tuple(key for key in keys.intake if key_name(key) != name)
    if len(kept) == len(keys.intake):
        known = ", ".join(key_name(key) for key in keys.intake)
        raise UsageError(f"there is no intake key {name}; here are: {known}")
    if not any(key.from_day <= mission.today for key in kept):
        raise UsageError("this is the only intake key in force: begin the next period first")
    with reading(mission.stores.inbox) as session:
        query = select(func.count(col(Work.entry_id))).where(Work.state == WorkState.WAITING.value)
        waiting = session.exec(query).one()
    if waiting:
        raise UsageError(
            f"{waiting} entries wait to be taken in and may need this key: let intake finish first"
        )
    mission.permit(actor, Action.RING_IMPORT, Resource("key", name))
    _save(mission, replace(keys, intake=kept), passphrase, cost)


def key_name(key: DatedKey) -> str:
    """Return what a key is called on the command line: its key id (SEAL-043)."""
    return key.secret.public.key_id.hex()[:ID_CHARS]


def _save(mission: Mission, keys: Keychain, passphrase: str, cost: Cost) -> None:
    save_keychain(mission.settings.keys_folder, keys, passphrase, cost)
    mission.unlock(passphrase)
