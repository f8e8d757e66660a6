"""The state of the device in one banner: network, last hand-over, space, battery, training."""

from datetime import datetime
from typing import Final

from mobile_client.presenters.status import Banner as BannerView
from mobile_client.screens.words import say_size, say_when
from mobile_client.text.speech import say
from mobile_client.widgets.banner import Banner

_BATTERY_LOW_PERCENT: Final = 20


def status_banner(view: BannerView, now: datetime) -> Banner:
    """Return the banner; what must be acted on comes first and sets its tone."""
    if view.low_space:
        free = say_size(view.free_bytes or 0)
        return Banner(
            say("Little space left: {free}. Hand over, then free some.", free=free),
            "error",
            "storage",
        )
    parts = [_network(view, now)]
    tone, icon = "plain", "online" if view.online else "offline"
    if view.battery_percent is not None and view.battery_percent <= _BATTERY_LOW_PERCENT:
        parts.append(say("Battery {percent} %.", percent=view.battery_percent))
        tone, icon = "warn", "battery_low"
    if view.training:
        parts.insert(0, say("Training: no real people's answers."))
        tone, icon = "warn", "info"
    return Banner(" ".join(parts), tone, icon)


def _network(view: BannerView, now: datetime) -> str:
    if view.last_sync_ms is None:
        return say("Nothing handed over yet. Interviews stay sealed on this device.")
    when = say_when(view.last_sync_ms, now)
    if view.online:
        return say("Online. Last hand-over: {when}.", when=when)
    return say("Offline. Last hand-over: {when}.", when=when)
