"""Forms and policies that were published."""

from collections.abc import Iterable

from sqlmodel import Session, col, func, select

from server.tables.documents import Form, FormState, ListVersion, PolicyVersion
from shared.ids import FormHash


def find_form(session: Session, form_hash: FormHash) -> Form | None:
    """Return one form version, or None."""
    return session.get(Form, bytes(form_hash))


def forms(session: Session) -> list[Form]:
    """Return all form versions, by form and serial."""
    return list(session.exec(select(Form).order_by(col(Form.form_id), col(Form.serial))))


def form_hashes(session: Session) -> set[bytes]:
    """Return the hashes of all published versions."""
    return set(session.exec(select(Form.form_hash)))


def forms_by_hash(session: Session, hashes: Iterable[bytes]) -> list[Form]:
    """Return those form versions that are known."""
    return list(session.exec(select(Form).where(col(Form.form_hash).in_(list(hashes)))))


def next_form_serial(session: Session, form_id: str) -> int:
    """Return the serial a new version of this form gets."""
    newest = session.exec(select(func.max(Form.serial)).where(Form.form_id == form_id)).one()
    return (newest or 0) + 1


def retire_others(session: Session, form: Form) -> None:
    """Mark older versions of a form as retired."""
    for other in session.exec(select(Form).where(Form.form_id == form.form_id)):
        if other.form_hash != form.form_hash and other.serial < form.serial:
            other.state = FormState.RETIRED.value
            session.add(other)


def newest_policy(session: Session) -> PolicyVersion | None:
    """Return the policy in force, or None while the built-in one holds."""
    return session.exec(
        select(PolicyVersion).order_by(col(PolicyVersion.serial).desc()).limit(1)
    ).first()


def policies(session: Session) -> list[PolicyVersion]:
    """Return all policies, oldest first."""
    return list(session.exec(select(PolicyVersion).order_by(col(PolicyVersion.serial))))


def newest_list(session: Session, name: str) -> ListVersion | None:
    """Return the newest version of a file that forms read, or None."""
    return session.exec(
        select(ListVersion)
        .where(ListVersion.name == name)
        .order_by(col(ListVersion.serial).desc())
        .limit(1)
    ).first()


def list_versions(session: Session, name: str) -> list[ListVersion]:
    """Return all versions of a file that forms read, oldest first."""
    query = select(ListVersion).where(ListVersion.name == name).order_by(col(ListVersion.serial))
    return list(session.exec(query))


def find_list(session: Session, name: str, digest: bytes) -> ListVersion | None:
    """Return the version of a file with that content, or None."""
    return session.exec(
        select(ListVersion)
        .where(ListVersion.name == name, ListVersion.digest == digest)
        .order_by(col(ListVersion.serial).desc())
        .limit(1)
    ).first()
