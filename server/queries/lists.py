"""Case lists and who reads them (records store)."""

from collections.abc import Iterable

from sqlmodel import Session, col, func, select

from server.tables.documents import ListVersion
from server.tables.lists import CaseList, CaseListReader


def case_lists(session: Session) -> list[CaseList]:
    """Return every case list, by name."""
    return list(session.exec(select(CaseList).order_by(col(CaseList.name))))


def newest_choices(session: Session) -> list[ListVersion]:
    """Return the newest version of every file that forms read, by name."""
    newest = (
        select(ListVersion.name, func.max(ListVersion.serial).label("serial"))
        .group_by(ListVersion.name)
        .subquery()
    )
    query = (
        select(ListVersion)
        .join(
            newest,
            (col(ListVersion.name) == newest.c.name) & (col(ListVersion.serial) == newest.c.serial),
        )
        .order_by(col(ListVersion.name))
    )
    return list(session.exec(query))


def readers(session: Session, name: str) -> list[CaseListReader]:
    """Return the devices that have a list, or will with their next sync."""
    query = (
        select(CaseListReader)
        .where(CaseListReader.name == name, CaseListReader.whole_size > 0)
        .order_by(col(CaseListReader.device))
    )
    return list(session.exec(query))


def note_wishes(session: Session, device: bytes, names: Iterable[str]) -> None:
    """Note that a device asked for whole lists; names it was never given are passed over."""
    for name in names:
        reader = session.get(CaseListReader, (name, device))
        if reader is not None and reader.whole_size:
            reader.wanted = True
            session.add(reader)


def wanted_names(session: Session) -> list[str]:
    """Return the lists that some device asked for."""
    query = select(CaseListReader.name).where(col(CaseListReader.wanted).is_(True)).distinct()
    return sorted(session.exec(query))


def stale_readers(session: Session) -> list[CaseListReader]:
    """Return the rows that name letters to be deleted."""
    return list(session.exec(select(CaseListReader).where(CaseListReader.stale != b"")))


def forget_gone(session: Session) -> None:
    """Delete the rows of devices that have a list no more and whose letters are gone."""
    query = select(CaseListReader).where(
        CaseListReader.whole_size == 0, CaseListReader.stale == b""
    )
    for row in session.exec(query):
        session.delete(row)
