"""Hubs on the hand-over screen: the search, what it found, and what to do where it found none."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Final

from kivy.uix.widget import Widget

from mobile_client.presenters.hand_over import HandOverPresenter, Looking
from mobile_client.presenters.rows import HubRow
from mobile_client.screens.words import say_when
from mobile_client.text.speech import key, say
from mobile_client.widgets.banner import Banner
from mobile_client.widgets.listrow import EmptyState, Heading, ListRow

_KNOWN_BY: Final = {
    "code": key("Known by its code."),
    "certificate": key("Known from the mission server."),
}
REASONS: Final = (
    key("this device does not know this hub; scan or paste the hub's code once"),
    key("the mission server has revoked this hub"),
    key("another machine announces itself as this hub; tell the coordinator"),
    key(
        "this hub announces another certificate than its code; scan its code again only if you "
        "know why"
    ),
    key("it does not answer"),
    key("the other side cannot be reached"),
    key("the other side did not answer in time; it is tried again"),
    key("the other side is not the one this device knows under that address; nothing was sent"),
    key("too many addresses are announced here; scan the hub's code"),
)
"""Why a hub cannot be used, as sync/found_hubs.py and the line say it."""


def hub_rows(looking: Looking, presenter: HandOverPresenter, now: datetime) -> Iterator[Widget]:
    """Yield what the screen shows of hubs nearby, from the way to look to the ones found."""
    if looking.phase == "":
        yield ListRow(
            say("Look for hubs nearby"),
            say("On the Wi-Fi or hotspot that this device has joined."),
            presenter.look_for_hubs,
            icon="search",
        )
        return
    heading = say("Looking for hubs...") if looking.phase == "running" else say("Hubs nearby")
    yield Heading(heading)
    for row in looking.found.rows:
        yield _hub_row(row, presenter, now)
    if looking.is_empty:
        if looking.found.notice:
            yield Banner(say("This device cannot look for hubs here."), "warn")
        yield EmptyState(
            "hub",
            say("No hub that this device can use answers here"),
            say(
                "Join the hotspot of the coordinator's laptop and look again, or scan or paste "
                "the code on its screen."
            ),
        )
    if looking.phase != "running":
        yield ListRow(say("Look again"), "", presenter.look_for_hubs, icon="refresh")


def _hub_row(row: HubRow, presenter: HandOverPresenter, now: datetime) -> ListRow:
    label = row.label or say("Hub")
    if row.why_not:
        word = say("Not usable") if row.known_by else say("Unknown")
        why = say(row.why_not)
        sentence = why[:1].upper() + why[1:]
        return ListRow(label, sentence, icon="hub", state=(word, "warn", "warning"))
    words = f"{say(_KNOWN_BY[row.known_by])} {took(row.taken_ms, now)}"
    known = (say("Known"), "ok", "shield")
    return ListRow(label, words, partial(presenter.to_found, row), icon="hub", state=known)


def took(taken_ms: int | None, now: datetime) -> str:
    """Return when a hub last took records of this device, by the note it signed."""
    if taken_ms is None:
        return say("It has taken nothing from this device yet.")
    return say("Took records: {when}.", when=say_when(taken_ms, now))
