"""The server's inbox keeps the contract that every log store keeps, on both databases."""

import pytest
from log_store_contract import LogStoreContract
from mission import MissionKit

from server.intake.inbox import InboxStore


class TestInboxStore(LogStoreContract):
    """SYNC-001, 004, 011, 013 to 015, 041, 080 to 082 and SEAL-032."""

    @pytest.fixture
    def store(self, kit: MissionKit) -> InboxStore:
        return InboxStore(kit.mission.stores.inbox, kit.clock)
