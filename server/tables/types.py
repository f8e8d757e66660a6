"""Column types that keep our promises when the database does not."""

from datetime import UTC, datetime
from functools import lru_cache

from sqlalchemy import BigInteger, Dialect, Integer, String
from sqlalchemy.types import TypeDecorator

RowNumber = BigInteger().with_variant(Integer, "sqlite")
"""A counted primary key: SQLite only counts columns declared INTEGER."""


@lru_cache(maxsize=256)
def instant_text(value: datetime) -> str:
    """Return an instant as it is stored; what one batch writes has the same instant many times."""
    if value.tzinfo is None:
        raise ValueError("naive datetime; pass an aware one")
    return value.astimezone(UTC).isoformat(timespec="milliseconds")


class UtcDateTime(TypeDecorator[datetime]):
    """An instant, stored as ISO 8601 UTC text; SQLite would drop the offset of a DATETIME.

    The text has a fixed width, so the database may compare and sort it.
    """

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Refuse naive values: an instant without an offset is a guess."""
        return None if value is None else instant_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """Return an aware datetime in UTC."""
        return None if value is None else datetime.fromisoformat(value)
