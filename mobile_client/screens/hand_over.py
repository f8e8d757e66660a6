"""Handing over: where to, how far, and where every record is now."""

from collections.abc import Hashable
from datetime import datetime
from functools import partial
from pathlib import Path

from mobile_client.presenters.hand_over import HandOverPresenter, HandOverState
from mobile_client.presenters.rows import EntryState
from mobile_client.presenters.status import Destination, Transfer
from mobile_client.screens.base import ScreenPage
from mobile_client.screens.files import FileSheet
from mobile_client.screens.frame import Frame
from mobile_client.screens.hubs import hub_rows, took
from mobile_client.screens.words import say_left, say_size, say_state
from mobile_client.text.speech import say, say_count
from mobile_client.widgets.banner import Banner
from mobile_client.widgets.base import EvenRow, Space
from mobile_client.widgets.button import PushButton
from mobile_client.widgets.card import Card
from mobile_client.widgets.field import FieldKind
from mobile_client.widgets.labelled import LabelledField
from mobile_client.widgets.listrow import Heading, ListRow
from mobile_client.widgets.meter import ProgressMeter
from mobile_client.widgets.overlay import Dialog
from mobile_client.widgets.page import TopBar
from mobile_client.widgets.text import Text
from mobile_client.widgets.theme import dp
from mobile_client.widgets.tile import CountTile

_BUNDLE_NAME = "cairn-{stamp}.bundle"
_BUNDLES = frozenset({".bundle"})


class HandOverScreen(ScreenPage[HandOverPresenter]):
    """Draws `HandOverPresenter`."""

    def __init__(self, frame: Frame, presenter: HandOverPresenter) -> None:
        self._meter: ProgressMeter | None = None
        self._speed: Text | None = None
        self._search_meter: ProgressMeter | None = None
        self._tiles: dict[EntryState, CountTile] = {}
        super().__init__(frame, presenter)

    def shape(self, state: HandOverState) -> Hashable:
        """Rebuild for another phase, not for each record that left."""
        looking = state.looking
        seen = looking.phase, looking.found.rows, looking.found.notice
        return state.phase, state.destinations, state.destination, state.notice, seen

    def build(self, state: HandOverState) -> None:
        """Draw the three states, then what runs or the ways to hand over."""
        self._meter = self._speed = self._search_meter = None
        self._add_tiles()
        if state.phase == "running":
            self._add_running(state)
        else:
            self._add_ways(state)
        title = say("Hand over")
        self.replace_bars(TopBar(title, back=self._leave, back_label=say("Back")), None)

    def refresh(self, state: HandOverState) -> None:
        """Show counts, progress and speed."""
        counts = {
            EntryState.ON_DEVICE: state.counts.on_device,
            EntryState.HANDED_OVER: state.counts.handed_over,
            EntryState.RECEIVED: state.counts.received,
        }
        for kind, count in counts.items():
            tile = self._tiles[kind]
            if tile.count != count:
                tile.count = count
                tile.repaint()
        if self._meter is not None and self._speed is not None:
            transfer = state.transfer
            self._meter.show(_share(transfer))
            self._speed.text = _progress_words(transfer)
        if self._search_meter is not None:
            self._search_meter.show(state.looking.found.share)

    def go_on(self) -> bool:
        """Hand over to the mission server."""
        if self.presenter.state.phase != "running":
            self.presenter.to_mission()
        return True

    def go_back(self) -> bool:
        """Leave; what runs goes on to its next safe place."""
        self._leave()
        return True

    def _leave(self) -> None:
        if self.presenter.state.phase == "running":
            self.presenter.stop()
        self.presenter.leave()

    def _add_tiles(self) -> None:
        row = EvenRow(spacing=dp(10))
        self._tiles = {kind: CountTile(0, say_state(kind)) for kind in EntryState}
        for tile in self._tiles.values():
            row.add_widget(tile)
        self.add(row)
        self.add(
            Text(
                say("Received means the mission server has it safely and has signed for it."),
                "small",
                "muted",
            )
        )

    def _add_running(self, state: HandOverState) -> None:
        where = state.destination.label if state.destination else ""
        card = Card()
        card.add_widget(Text(say("To {where}", where=where), "heading", bold=True))
        self._meter = ProgressMeter(0.0, thick_dp=12)
        card.add_widget(self._meter)
        self._speed = Text(_progress_words(state.transfer), "small", "muted")
        card.add_widget(self._speed)
        card.add_widget(PushButton(say("Stop"), self.presenter.stop, kind="outline", icon="close"))
        self.add(
            card, Banner(say("Safe to interrupt: what was sent stays sent."), "plain", "shield")
        )

    def _add_ways(self, state: HandOverState) -> None:
        if state.phase == "done":
            self.add(Banner(_done_words(state.transfer), "ok", bold=True))
        if state.phase == "failed":
            self.add(Banner(say("Nothing is lost. Try again, or take another way."), "warn"))
        self.add(Space(2), Heading(say("Where to?")))
        for destination in state.destinations:
            self.add(self._destination_row(destination))
        self.add(*hub_rows(state.looking, self.presenter, self.frame.now()))
        if state.looking.phase == "running":
            self._search_meter = ProgressMeter(state.looking.found.share, thick_dp=8)
            stop = PushButton(
                say("Stop"), self.presenter.stop_looking, kind="outline", icon="close"
            )
            self.add(self._search_meter, stop)
        self.add(
            ListRow(
                say("A hub by its code"),
                say("Paste or scan the code on the coordinator's screen."),
                self._ask_hub,
                icon="qr_scan",
            ),
            ListRow(
                say("A stick or card"),
                say("Writes one sealed file for somebody to carry."),
                self._ask_folder,
                icon="stick",
            ),
            ListRow(
                say("Take in a file that came back"),
                say("Receipts, forms and assignments."),
                self._ask_bundle,
                icon="folder",
            ),
        )

    def _destination_row(self, destination: Destination) -> ListRow:
        tap = partial(self.presenter.to, destination)
        if destination.kind == "hub":
            words = say("The hub used last. {when}", when=took(destination.taken_ms, self._now()))
            return ListRow(destination.label or say("Hub"), words, tap, icon="hub")
        return ListRow(_destination_words(destination), destination.address, tap, icon="server")

    def _now(self) -> datetime:
        return self.frame.now()

    def _ask_hub(self) -> None:
        stage = self.frame.stage
        field = LabelledField(say("Code of the hub"), kind=FieldKind(lines=3, role="small"))

        def send() -> None:
            stage.close()
            self.presenter.to_hub(field.field.text)

        stage.open(
            Dialog(
                say("A hub by its code"),
                [Text(say("A hub carries sealed records and cannot read them."), "small", "muted"),
                 field],
                [
                    PushButton(say("Hand over"), send, icon="handed_over"),
                    PushButton(say("Cancel"), stage.close, kind="tonal"),
                ],
                stage.close,
            )
        )  # fmt: skip

    def _ask_folder(self) -> None:
        stage = self.frame.stage
        stamp = f"{self.frame.now():%Y%m%d-%H%M}"

        def take(folder: Path) -> None:
            stage.close()
            self.presenter.to_bundle(folder / _BUNDLE_NAME.format(stamp=stamp))

        stage.open(
            FileSheet(
                say("A stick or card"),
                frozenset({"?"}),
                take,
                stage.close,
                folder_words=say("Write it here"),
            )
        )

    def _ask_bundle(self) -> None:
        stage = self.frame.stage

        def take(path: Path) -> None:
            stage.close()
            self.presenter.take_bundle(path)

        stage.open(FileSheet(say("Take in a file"), _BUNDLES, take, stage.close))


def _destination_words(destination: Destination) -> str:
    return say("Mission server") if destination.kind == "mission" else destination.label


def _share(transfer: Transfer) -> float:
    if transfer.file_bytes_total and transfer.entries_sent >= transfer.entries_total:
        return transfer.file_bytes / transfer.file_bytes_total
    if transfer.bytes_total:
        return transfer.bytes_sent / transfer.bytes_total
    return transfer.entries_sent / transfer.entries_total if transfer.entries_total else 0.0


def _progress_words(transfer: Transfer) -> str:
    parts = [say("{done} of {total}", done=transfer.entries_sent, total=transfer.entries_total)]
    if transfer.files:
        parts.append(_file_words(transfer))
    if transfer.bytes_per_s > 0:
        parts.append(say("{size} a second", size=say_size(round(transfer.bytes_per_s))))
    if transfer.loaded_bytes:
        parts.append(say("new version: {size}", size=say_size(transfer.loaded_bytes)))
    if transfer.remaining_s is not None and transfer.remaining_s >= 1:
        parts.append(say("{time} left", time=say_left(transfer.remaining_s)))
    return " \u00b7 ".join(parts)


def _file_words(transfer: Transfer) -> str:
    return say_count(
        "{n} file: {done} of {total}", "{n} files: {done} of {total}", transfer.files,
        done=say_size(transfer.file_bytes), total=say_size(transfer.file_bytes_total),
    )  # fmt: skip


def _done_words(transfer: Transfer) -> str:
    sent = say_count("{n} entry sent", "{n} entries sent", transfer.entries_sent)
    taken = say_count("{n} taken in", "{n} taken in", transfer.entries_taken)
    return f"{sent}, {taken}."
