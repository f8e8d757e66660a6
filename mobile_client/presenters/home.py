"""Home: forms to fill, drafts, and the three states of finalized work."""

from collections.abc import Callable
from dataclasses import dataclass, field

from mobile_client.presenters.ports import HomeServices, Slip
from mobile_client.presenters.presenter import Notice, Presenter, Work, notice_of
from mobile_client.presenters.rows import DraftRow, EntryState, FormRow, RecordRow
from mobile_client.presenters.status import Banner, Counts
from mobile_client.presenters.upgrades import UpgradeView
from shared.errors import CairnError


@dataclass(frozen=True, slots=True)
class HomeState:
    """What the home screen shows.

    Attributes:
        slips_due: withdrawal slips not yet given to their respondents.
    """

    forms: tuple[FormRow, ...] = ()
    drafts: tuple[DraftRow, ...] = ()
    records: tuple[RecordRow, ...] = ()
    slips_due: tuple[Slip, ...] = ()
    counts: Counts = field(default_factory=Counts)
    banner: Banner = field(default_factory=Banner)
    upgrade: UpgradeView = field(default_factory=lambda: UpgradeView(""))
    busy: bool = False
    notice: Notice | None = None

    @property
    def ready(self) -> tuple[DraftRow, ...]:
        """Drafts that finalize can take."""
        return tuple(draft for draft in self.drafts if draft.ready)

    def records_in(self, state: EntryState) -> tuple[RecordRow, ...]:
        """Finalized records in one of the three states."""
        return tuple(record for record in self.records if record.state is state)


class HomePresenter(Presenter[HomeState]):
    """Lists the work, and starts what the enumerator taps."""

    def __init__(
        self,
        ports: HomeServices,
        work: Work,
        *,
        on_start: Callable[[str], None],
        on_open: Callable[[str], None],
    ) -> None:
        super().__init__(HomeState())
        self._ports = ports
        self._work = work
        self.start = on_start
        self.open_draft = on_open
        self.refresh()

    def refresh(self) -> None:
        """Read everything again; cheap enough for every visit."""
        self._change(
            forms=self._ports.forms(),
            drafts=self._ports.drafts(),
            records=self._ports.records(),
            slips_due=self._ports.slips_due(),
            counts=self._ports.counts(),
            banner=self._ports.banner(),
            upgrade=self._ports.upgrade(),
        )

    def abandon(self, draft_id: str, outcome: str = "abandoned") -> None:
        """Destroy a draft; only a tally of `outcome` remains."""
        try:
            self._ports.abandon(draft_id, outcome)
        except CairnError as error:
            self._change(notice=notice_of(error))
            return
        self.refresh()

    def tally(self, form_id: str, outcome: str) -> None:
        """Count a household that was absent or could not be reached."""
        try:
            self._ports.tally(form_id, outcome)
        except CairnError as error:
            self._change(notice=notice_of(error))
            return
        self.refresh()

    def finalize(self, draft_ids: tuple[str, ...]) -> None:
        """Seal one or many ready drafts, one after the other; stop at the first that fails."""
        if self.state.busy or not draft_ids:
            return
        self._change(busy=True, notice=None)
        first, rest = draft_ids[0], draft_ids[1:]

        def done(_: Slip) -> None:
            self._change(busy=False)
            self.refresh()
            self.finalize(rest)

        self._work.run(lambda: self._ports.finalize(first), done, self._failed)

    def withdraw(self, code: str) -> None:
        """Take a respondent's withdrawal by the code on the slip."""
        if self.state.busy:
            return
        self._change(busy=True, notice=None)

        def done(_: None) -> None:
            self._change(
                busy=False, notice=Notice("The withdrawal is kept and will be handed over.")
            )
            self.refresh()

        self._work.run(lambda: self._ports.withdraw(code), done, self._failed)

    def _failed(self, error: CairnError) -> None:
        self._change(busy=False, notice=notice_of(error))
        self.refresh()
