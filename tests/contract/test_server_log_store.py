"""The server's inbox keeps the contract that every log store keeps, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from log_store_contract import LogStoreContract
from mission import TestClock

from server.db import open_store
from server.intake.inbox import InboxStore
from server.migrations import migrate_store
from server.settings import StoreUrls
from server.tables.stores import Store


class TestInboxStore(LogStoreContract):
    """SYNC-001, 004, 011, 013 to 015, 041, 080 to 082 and SEAL-032."""

    @pytest.fixture
    def store(self, tmp_path: Path, store_urls: StoreUrls) -> Iterator[InboxStore]:
        url = store_urls.inbox
        if url.startswith("sqlite"):
            url = f"sqlite:///{tmp_path / 'inbox.db'}"
        engine = open_store(url)
        migrate_store(Store.INBOX, engine)
        yield InboxStore(engine, TestClock())
        engine.dispose()
