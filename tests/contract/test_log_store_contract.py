"""The fake and the SQLite store keep one contract."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from log_store_contract import LogStoreContract
from log_writing import FakeClock

from sync.stores.memory import MemoryLogStore
from sync.stores.sqlite import SqliteLogStore


class TestMemoryStore(LogStoreContract):
    @pytest.fixture
    def store(self) -> MemoryLogStore:
        return MemoryLogStore()


class TestSqliteStore(LogStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[SqliteLogStore]:
        opened = SqliteLogStore(tmp_path / "log.db", FakeClock())
        yield opened
        opened.close()
