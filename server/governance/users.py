"""People at the mission server: accounts, roles, passwords, sessions. Rules GOV-040, GOV-046..049.

A wrong name and a wrong password look and take the same. Failures slow a name down, known or not.
A session is a random token of which only the hash is kept; disabling a user ends theirs at once.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from secrets import token_urlsafe
from typing import Final

from sqlalchemy import delete
from sqlmodel import Session, col, select

from server.db import reading
from server.governance.actions import HUMAN_ROLES, Action, Role
from server.governance.decide import Actor, Resource
from server.mission import CONSOLE, Mission
from server.tables.people import LoginFailure, User, UserSession
from shared.errors import PassphraseWrong, Throttled, TokenInvalid, UsageError
from shared.sealing.password import check_password, hash_password

SESSION_HOURS: Final = 8
PASSWORD_CHARS_MIN: Final = 12
PASSWORD_BYTES_MAX: Final = 1024
FREE_FAILURES: Final = 2
"""Failed logins of one name that cost nothing; each further one doubles the wait."""
WAIT_S_MAX: Final = 900
_TOKEN_BYTES: Final = 32
_WRONG: Final = "the name or the password is wrong"


def add_user(
    mission: Mission, name: str, roles: Iterable[str], password: str, actor: Actor = CONSOLE
) -> None:
    """Make an account, or replace its roles and password.

    Raises:
        UsageError: no name, an unknown role, or a password that is too short.
        PolicyDenied: the actor may not.
    """
    wanted = sorted(set(roles))
    known = {role.value for role in HUMAN_ROLES}
    if not name.strip() or not wanted:
        raise UsageError("a user needs a name and at least one role")
    for role in wanted:
        if role not in known:
            raise UsageError(f"there is no role {role!r}; roles are {', '.join(sorted(known))}")
    if len(password) < PASSWORD_CHARS_MIN or len(password.encode()) > PASSWORD_BYTES_MAX:
        raise UsageError(f"a password has at least {PASSWORD_CHARS_MIN} characters")
    mission.permit(actor, Action.USER_ADD, Resource("user", name.strip()))
    hashed = hash_password(password, mission.random_bytes)
    with mission.records() as session:
        session.merge(
            User(
                name=name.strip(),
                roles=" ".join(wanted),
                password_hash=hashed,
                created_at=mission.clock.now(),
            )
        )
        session.execute(delete(UserSession).where(col(UserSession.user) == name.strip()))


def disable_user(mission: Mission, name: str, actor: Actor = CONSOLE) -> None:
    """Close an account and end its sessions.

    Raises:
        UsageError: there is none of that name.
    """
    mission.permit(actor, Action.USER_DISABLE, Resource("user", name))
    with mission.records() as session:
        user = session.get(User, name)
        if user is None:
            raise UsageError(f"there is no user {name!r}")
        user.disabled_at = mission.clock.now()
        session.add(user)
        session.execute(delete(UserSession).where(col(UserSession.user) == name))


def list_users(mission: Mission, actor: Actor = CONSOLE) -> list[dict[str, object]]:
    """Return all accounts, without anything secret."""
    mission.permit(actor, Action.USER_LIST, Resource("user"))
    with reading(mission.stores.records) as session:
        return [
            {"name": user.name, "roles": user.roles, "disabled": user.disabled_at is not None}
            for user in session.exec(select(User).order_by(col(User.name)))
        ]


def authenticate(mission: Mission, name: str, password: str) -> Actor:
    """Return who this is.

    Raises:
        PassphraseWrong: the name or the password is wrong; which, is not told.
        Throttled: too many failures; wait.
    """
    now = mission.clock.now()
    name_hash = sha256(name.encode()).digest()
    with reading(mission.stores.records) as session:
        failed = session.get(LoginFailure, name_hash)
        if failed is not None and failed.blocked_until > now:
            wait_s = (failed.blocked_until - now).total_seconds()
            raise Throttled("too many failed logins; wait and try again", wait_s)
        user = session.get(User, name)
        kept = user.password_hash if user is not None else _nobodys_hash()
        roles = user.roles if user is not None and user.disabled_at is None else ""
    good = _matches(password, kept) and bool(roles)
    with mission.records() as session:
        if not good:
            _note_failure(session, name_hash, now)
        else:
            session.execute(delete(LoginFailure).where(col(LoginFailure.name_hash) == name_hash))
    if not good:
        raise PassphraseWrong(_WRONG)
    return Actor(name, frozenset(Role(role) for role in roles.split()))


def open_session(mission: Mission, actor: Actor) -> tuple[str, datetime]:
    """Give an authenticated person a token and say until when it works."""
    token = token_urlsafe(_TOKEN_BYTES)
    now = mission.clock.now()
    expires_at = now + timedelta(hours=SESSION_HOURS)
    with mission.records() as session:
        session.execute(delete(UserSession).where(col(UserSession.expires_at) <= now))
        session.add(
            UserSession(token_hash=_token_hash(token), user=actor.name, expires_at=expires_at)
        )
    return token, expires_at


def session_actor(mission: Mission, token: str) -> Actor:
    """Return whose session this is.

    Raises:
        TokenInvalid: unknown, ended, or the account is closed.
    """
    with reading(mission.stores.records) as session:
        row = session.get(UserSession, _token_hash(token))
        if row is None or row.expires_at <= mission.clock.now():
            raise TokenInvalid("the session has ended; log in again")
        user = session.get(User, row.user)
        if user is None or user.disabled_at is not None:
            raise TokenInvalid("the session has ended; log in again")
        return Actor(user.name, frozenset(Role(role) for role in user.roles.split()))


def close_session(mission: Mission, token: str) -> None:
    """End a session; one that is not open is no error."""
    with mission.records() as session:
        session.execute(
            delete(UserSession).where(col(UserSession.token_hash) == _token_hash(token))
        )


def _note_failure(session: Session, name_hash: bytes, now: datetime) -> None:
    row = session.get(LoginFailure, name_hash, with_for_update=True)
    failures = 1 if row is None else row.failures + 1
    wait_s = 0 if failures <= FREE_FAILURES else min(2 ** (failures - FREE_FAILURES), WAIT_S_MAX)
    session.merge(
        LoginFailure(
            name_hash=name_hash, failures=failures, blocked_until=now + timedelta(seconds=wait_s)
        )
    )


def _matches(password: str, kept: str) -> bool:
    try:
        check_password(password, kept)
    except PassphraseWrong:
        return False
    return True


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    """Return a hash that no password fits, so that an unknown name costs the same time."""
    return hash_password(token_urlsafe(_TOKEN_BYTES), bytes)


def _token_hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
