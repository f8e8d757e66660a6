"""Hubs as the hand-over screen lists them, and the last one used. Rules SYNC-096, SYNC-097."""

from collections.abc import Callable, Iterable

from mobile_client.device.services import Multicast
from mobile_client.presenters.rows import HubRow, HubsFound
from mobile_client.presenters.status import Destination
from mobile_client.services.hub_search import WAIT_S, FoundHub, HubSearch, Seen
from shared.errors import KeyNotTrusted
from sync.found_hubs import check_not_revoked
from sync.peer import Peer


def search_hubs(
    peer: Peer,
    multicast: Multicast,
    on_seen: Callable[[HubsFound], None],
    stopped: Callable[[], bool],
    wait_s: float = WAIT_S,
) -> HubsFound:
    """Look for hubs, telling of each as it is judged."""
    taken = notes_taken_ms(peer)

    def seen(search: Seen) -> None:
        on_seen(HubsFound(_rows(search.hubs, taken), search.share))

    found = HubSearch(peer, multicast=multicast).all(wait_s, seen, stopped)
    return HubsFound(_rows(found.hubs, taken), 1.0, found.notice)


def _rows(hubs: Iterable[FoundHub], taken: dict[str, int]) -> tuple[HubRow, ...]:
    return tuple(
        HubRow(hub.hub, hub.label, hub.known_by, hub.why_not, hub.code, taken.get(hub.hub))
        for hub in hubs
    )


def notes_taken_ms(peer: Peer) -> dict[str, int]:
    """Return when each hub signed its newest note that this device holds."""
    taken: dict[str, int] = {}
    for note in peer.opened_notes():
        name = note.hub.hex()
        taken[name] = max(note.issued_ms, taken.get(name, 0))
    return taken


def last_hub(peer: Peer, hub: str) -> Destination | None:
    """Return the hub that took records last, at the addresses of its code; None where none can."""
    for code in peer.hubs():
        if code.hub.hex() == hub:
            try:
                check_not_revoked(peer, code.hub)
            except KeyNotTrusted:
                return None
            return Destination("hub", code.label, code.text(), notes_taken_ms(peer).get(hub))
    return None
