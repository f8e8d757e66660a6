"""The part of the client that knows who shares this device, and how strong a passphrase must be."""

from abc import ABC, abstractmethod

from mobile_client.device.services import DeviceServices
from mobile_client.presenters.rows import EnumeratorRow
from mobile_client.services.device_policy import DevicePolicy
from mobile_client.vault.people import People
from shared.errors import UsageError
from shared.sealing.strength import strength_bits


class Sharing(ABC):
    """Several enumerators on one device, each with a vault of their own."""

    device: DeviceServices
    _people: People

    @abstractmethod
    def policy(self) -> DevicePolicy:
        """Return the rules this device holds itself to."""

    def enumerators(self) -> tuple[EnumeratorRow, ...]:
        """Return everybody who shares this device."""
        return self._people.rows()

    def find_enumerator(self, name: str) -> str | None:
        """Return the id of an enumerator by name or id."""
        return self._people.find(name)

    def bits_needed(self) -> float:
        """Return the strength policy asks of a passphrase."""
        floor = self.policy().passphrase_bits_min
        return 0.0 if self.device.keystore.hardware else float(floor)

    def passphrase_bits(self, passphrase: str) -> float:
        """Estimate the strength of a passphrase."""
        return strength_bits(passphrase)

    def add_enumerator(self, name: str, passphrase: str) -> str:
        """Make a vault; return the enumerator's id.

        Raises:
            UsageError: the passphrase is too weak, or the name is taken.
        """
        self.check_strength(passphrase)
        return self._people.add(name, passphrase)

    def check_strength(self, passphrase: str) -> None:
        """Refuse a passphrase that is too weak.

        Raises:
            UsageError: says how many bits it has and needs.
        """
        bits, needed = self.passphrase_bits(passphrase), self.bits_needed()
        if bits < needed:
            raise UsageError(
                f"this passphrase has about {bits:.0f} bits and needs {needed:.0f}; take five or "
                "more words that do not belong together"
            )

    def wait_s(self, enumerator: str) -> float:
        """Return the seconds until the next try is taken."""
        return self._people.wait_s(enumerator)
