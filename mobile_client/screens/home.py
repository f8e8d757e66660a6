"""Home: what to fill, what was begun, what is finished and where it is."""

from collections.abc import Hashable
from dataclasses import replace
from functools import partial

from mobile_client.presenters.home import HomePresenter, HomeState
from mobile_client.presenters.ports import Slip
from mobile_client.presenters.rows import DraftRow, EntryState, FormRow
from mobile_client.screens.base import ScreenPage
from mobile_client.screens.status import status_banner
from mobile_client.screens.upgrade import version_banner
from mobile_client.screens.words import say_state, say_when
from mobile_client.text.speech import say, say_count
from mobile_client.widgets.base import EvenRow, Row, Space
from mobile_client.widgets.button import IconButton, PushButton
from mobile_client.widgets.field import FieldKind
from mobile_client.widgets.labelled import LabelledField
from mobile_client.widgets.listrow import EmptyState, Heading, ListRow
from mobile_client.widgets.overlay import Dialog, Sheet
from mobile_client.widgets.page import BottomBar, Page, TopBar
from mobile_client.widgets.text import Text
from mobile_client.widgets.theme import dp
from mobile_client.widgets.tile import CountTile

_RECORDS_SHOWN_MAX = 300


class HomeScreen(ScreenPage[HomePresenter]):
    """Draws `HomePresenter`."""

    def shape(self, state: HomeState) -> Hashable:
        """Rebuild for everything but the sentence on top."""
        return replace(state, notice=None)

    def build(self, state: HomeState) -> None:
        """Draw the lists."""
        now = self.frame.now()
        self.add(status_banner(state.banner, now))
        version = version_banner(state.upgrade)
        if version is not None:
            self.add(version)
        if state.slips_due:
            self.add(*self._slips(state.slips_due))
        self.add(self._tiles(state), Space(4), Heading(say("Forms to fill")))
        if not state.forms:
            hint = say("Forms arrive with the next hand-over.")
            self.add(EmptyState("form", say("No forms yet"), hint))
        for form in state.forms:
            detail = _form_detail(form)
            self.add(ListRow(form.title, detail, partial(self._start, form.form_id), icon="form"))
        if state.drafts:
            self.add(Space(4), Heading(say("Drafts")))
        for draft in state.drafts:
            self.add(self._draft(draft))
        if state.ready:
            self.add(self._seal_all(state))
        self._bars()

    def go_on(self) -> bool:
        """Enter does nothing here: there are many ways on."""
        return False

    def digit(self, number: int) -> bool:
        """Start a form by its place."""
        forms = self.presenter.state.forms
        if number <= len(forms):
            self._start(forms[number - 1].form_id)
        return True

    def _bars(self) -> None:
        client = self.frame.client
        top = TopBar(say("My work"))
        top.add_action("more", say("More"), self._more)
        top.add_action("settings", say("Settings"), client.show_settings)
        top.add_action("lock", say("Lock"), client.lock)
        hand_over = PushButton(say("Hand over"), client.show_hand_over, icon="handed_over")
        cases = PushButton(say("Cases"), client.show_cases, kind="outline", icon="case", fit=True)
        self.replace_bars(top, BottomBar(cases, hand_over))

    def _start(self, form_id: str) -> None:
        self.presenter.start(form_id)

    def _tiles(self, state: HomeState) -> EvenRow:
        tiles = EvenRow(spacing=dp(10))
        counts = {
            EntryState.ON_DEVICE: state.counts.on_device,
            EntryState.HANDED_OVER: state.counts.handed_over,
            EntryState.RECEIVED: state.counts.received,
        }
        for kind, count in counts.items():
            tiles.add_widget(CountTile(count, say_state(kind), partial(self._records, kind)))
        return tiles

    def _slips(self, slips: tuple[Slip, ...]) -> list[ListRow]:
        """Return a row for the oldest slip not yet given: one respondent after the other."""
        words = say_count(
            "{n} withdrawal slip is not yet given to its respondent.",
            "{n} withdrawal slips are not yet given to their respondents.",
            len(slips),
        )
        show = partial(self.frame.client.show_receipt, slips[0])
        return [ListRow(say("For the respondent"), words, show, icon="receipt")]

    def _draft(self, draft: DraftRow) -> Row:
        row = Row(spacing=4)
        if draft.ready:
            state = (say("Ready"), "ok", "done")
        elif draft.returned:
            state = (say("Returned"), "warn", "undo")
        else:
            percent = round(draft.progress.share * 100)
            state = (say("{percent} % answered", percent=percent), "plain", "progress")
        detail = draft.returned or say(
            "Changed {when}", when=say_when(draft.updated_ms, self.frame.now())
        )
        tap = partial(self.presenter.open_draft, draft.draft_id)
        row.add_widget(ListRow(draft.title, detail, tap, icon="draft", state=state))
        remove = partial(self._ask_abandon, draft)
        row.add_widget(
            IconButton("remove", say("Destroy draft"), remove, pos_hint={"center_y": 0.5})
        )
        return row

    def _seal_all(self, state: HomeState) -> PushButton:
        ready = tuple(draft.draft_id for draft in state.ready)
        words = say_count("Seal {n} ready interview", "Seal {n} ready interviews", len(ready))
        button = PushButton(
            say("Sealing…") if state.busy else words,
            partial(self.presenter.finalize, ready),
            kind="tonal",
            icon="lock",
        )
        button.disabled = state.busy
        return button

    def _ask_abandon(self, draft: DraftRow) -> None:
        stage = self.frame.stage

        def end(outcome: str) -> None:
            stage.close()
            self.presenter.abandon(draft.draft_id, outcome)

        stage.open(
            Dialog(
                say("Destroy this draft?"),
                [
                    Text(draft.title, bold=True),
                    Text(
                        say("Its answers cannot be brought back. One is added to the tally."),
                        colour="muted",
                    ),
                ],
                [
                    PushButton(
                        say("The respondent withdrew"),
                        partial(end, "refused"),
                        kind="danger",
                        icon="refused",
                    ),
                    PushButton(
                        say("It will not be finished"),
                        partial(end, "abandoned"),
                        kind="danger",
                        icon="remove",
                    ),
                    PushButton(say("Keep it"), stage.close, kind="tonal"),
                ],
                stage.close,
            )
        )

    def _records(self, kind: EntryState) -> None:
        stage = self.frame.stage
        page = Page()
        word, _, icon = say_state(kind)
        page.set_top(TopBar(word, back=stage.close, back_label=say("Back")))
        records = self.presenter.state.records_in(kind)
        now = self.frame.now()
        for record in records[:_RECORDS_SHOWN_MAX]:
            detail = say("Sealed {when}", when=say_when(record.finalized_ms, now))
            if record.carrier:
                detail += " \u00b7 " + say("carried by {carrier}", carrier=record.carrier)
            page.add(ListRow(record.title, detail, icon=icon, state=say_state(kind)))
        if len(records) > _RECORDS_SHOWN_MAX:
            more = len(records) - _RECORDS_SHOWN_MAX
            page.add(Text(say_count("and {n} more", "and {n} more", more), "small", "muted"))
        if not records:
            hints = {
                EntryState.ON_DEVICE: say("Nothing waits: all sealed records have left."),
                EntryState.HANDED_OVER: say("Nothing is on its way to the mission server."),
                EntryState.RECEIVED: say("The mission server has confirmed nothing yet."),
            }
            page.add(EmptyState(icon, word, hints[kind]))
        stage.open(Sheet(page, stage.close, word))

    def _more(self) -> None:
        stage = self.frame.stage

        def then(action: object) -> None:
            stage.close()
            if callable(action):
                action()

        rows = [
            ListRow(
                say("Nobody was there"),
                say("Count a household that was absent or out of reach."),
                partial(then, self._tally),
                icon="flag",
            ),
            ListRow(
                say("A respondent withdraws"),
                say("Enter the code on their slip."),
                partial(then, self._withdraw),
                icon="consent",
            ),
            ListRow(
                say("Add an enumerator"),
                say("This device locks first."),
                partial(then, self.frame.client.add_enumerator),
                icon="person_add",
            ),
        ]
        close = PushButton(say("Close"), stage.close, kind="tonal")
        stage.open(Dialog(say("More"), rows, [close], stage.close))

    def _tally(self) -> None:
        stage = self.frame.stage
        forms = self.presenter.state.forms

        def count(form_id: str, outcome: str) -> None:
            stage.close()
            self.presenter.tally(form_id, outcome)
            stage.say(say("Counted."))

        rows = []
        for form in forms:
            rows.append(Text(form.title, "small", bold=True))
            for outcome, word in (
                ("absent", say("Nobody at home")),
                ("inaccessible", say("Could not be reached")),
            ):
                tap = partial(count, form.form_id, outcome)
                rows.append(PushButton(word, tap, kind="outline"))
        close = PushButton(say("Cancel"), stage.close, kind="ghost")
        stage.open(Dialog(say("Nobody was there"), rows, [close], stage.close))

    def _withdraw(self) -> None:
        stage = self.frame.stage
        field = LabelledField(say("Code on the slip"), kind=FieldKind())

        def send() -> None:
            stage.close()
            self.presenter.withdraw(field.field.text.strip())

        stage.open(
            Dialog(
                say("A respondent withdraws"),
                [
                    Text(
                        say("The record and its copies are erased everywhere it went."),
                        colour="muted",
                    ),
                    field,
                ],
                [
                    PushButton(say("Withdraw the record"), send, kind="danger", icon="remove"),
                    PushButton(say("Cancel"), stage.close, kind="tonal"),
                ],
                stage.close,
            )
        )


def _form_detail(form: FormRow) -> str:
    languages = ", ".join(language.name for language in form.languages)
    version = say("Version {version}", version=form.version)
    return f"{version} \u00b7 {languages}" if languages else version
