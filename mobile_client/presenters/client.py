"""The whole client as one presenter: which screen stands, and the presenter behind it.

enrol -> unlock -> home -> consent -> interview -> review -> receipt -> home
                    home -> hand over | cases -> interview | settings
unlock -> hand over (sealed records leave while locked)
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from mobile_client.presenters.cases import CasesPresenter
from mobile_client.presenters.consent import ConsentPresenter
from mobile_client.presenters.enrol import EnrolPresenter
from mobile_client.presenters.hand_over import HandOverPresenter
from mobile_client.presenters.home import HomePresenter
from mobile_client.presenters.interview import InterviewPresenter
from mobile_client.presenters.open_interview import OpenInterview
from mobile_client.presenters.ports import ClientPorts, Preferences, Slip
from mobile_client.presenters.presenter import Notice, Presenter, Work, notice_of
from mobile_client.presenters.receipt import ReceiptPresenter
from mobile_client.presenters.review import ReviewPresenter
from mobile_client.presenters.settings import SettingsPresenter
from mobile_client.presenters.unlock import UnlockPresenter
from mobile_client.presenters.views import ScreenKind
from shared.errors import CairnError, UpgradeNeeded

VERSION_NOTE = (
    "New interviews need version {minimum} of the app; this is {installed}. The settings say where "
    "it is. Drafts and hand-over go on as before."
)


class Screen(StrEnum):
    """The screens of the client."""

    ENROL = "enrol"
    UNLOCK = "unlock"
    HOME = "home"
    CONSENT = "consent"
    INTERVIEW = "interview"
    REVIEW = "review"
    RECEIPT = "receipt"
    HAND_OVER = "hand_over"
    CASES = "cases"
    SETTINGS = "settings"


ScreenPresenter = (
    EnrolPresenter
    | UnlockPresenter
    | HomePresenter
    | ConsentPresenter
    | InterviewPresenter
    | ReviewPresenter
    | ReceiptPresenter
    | HandOverPresenter
    | CasesPresenter
    | SettingsPresenter
)


@dataclass(frozen=True, slots=True)
class ClientState:
    """Which screen stands, with the presenter that fills it.

    Attributes:
        notice: what a step that led nowhere has to say.
    """

    screen: Screen
    presenter: ScreenPresenter
    preferences: Preferences
    notice: Notice | None = None


class ClientPresenter(Presenter[ClientState]):
    """Leads from screen to screen and locks when nobody touches the device."""

    def __init__(self, ports: ClientPorts, work: Work) -> None:
        self._ports = ports
        self._work = work
        self._touched_s = ports.monotonic_s()
        self._interview: OpenInterview | None = None
        screen, presenter = self._start()
        super().__init__(ClientState(screen, presenter, ports.preferences()))

    def _start(self) -> tuple[Screen, ScreenPresenter]:
        if self._ports.is_unlocked():
            return Screen.HOME, self._home()
        if self._ports.is_enrolled():
            return Screen.UNLOCK, self._unlock()
        enrol = EnrolPresenter(self._ports, self._work, on_done=self.show_home)
        return Screen.ENROL, enrol

    # Events of the whole window.

    def touched(self) -> None:
        """Note that somebody is there."""
        self._touched_s = self._ports.monotonic_s()

    def tick(self) -> None:
        """Lock after too long without a touch, count waits down; called about once a second."""
        idle_s = self._ports.monotonic_s() - self._touched_s
        if self._ports.is_unlocked() and idle_s >= self.state.preferences.idle_lock_s:
            self.lock()
        if isinstance(self.state.presenter, UnlockPresenter):
            self.state.presenter.tick()

    def lock(self) -> None:
        """Lock at once: idle, background, or the panic gesture. The open draft is in the vault."""
        if self._interview is not None:
            self._interview.close()
            self._interview = None
        self._ports.lock()
        self._go(*self._start())

    def add_enumerator(self) -> None:
        """Lock and open the form for one more enumerator."""
        self.lock()
        if isinstance(self.state.presenter, UnlockPresenter):
            self.state.presenter.add()

    # Ways between the screens.

    def show_home(self) -> None:
        """Show the work on this device; while locked, the lock screen."""
        self._interview = None
        self.touched()
        self._go(*self._start())

    def show_hand_over(self) -> None:
        """Show the hand-over; works while locked."""
        port = HandOverPresenter(self._ports, self._work, on_leave=self.show_home)
        self._go(Screen.HAND_OVER, port)

    def show_cases(self) -> None:
        """Show the assigned cases."""
        cases = CasesPresenter(self._ports, on_open=self.show_interview, on_leave=self.show_home)
        self._go(Screen.CASES, cases)

    def show_settings(self) -> None:
        """Show the settings."""
        settings = SettingsPresenter(
            self._ports,
            self._work,
            on_changed=lambda preferences: self._change(preferences=preferences),
            on_locked=self.lock,
            on_leave=self.show_home,
        )
        self._go(Screen.SETTINGS, settings)

    def start_form(self, form_id: str) -> None:
        """Start a new interview."""
        self._open(lambda: self._ports.begin(form_id))

    def open_draft(self, draft_id: str) -> None:
        """Go on with a draft, after its respondent agreed to."""
        self._open(lambda: self._ports.resume(draft_id))

    def show_interview(self, interview: OpenInterview) -> None:
        """Show an open interview; its notice where that is due."""
        self._interview = interview
        if interview.screen().kind is ScreenKind.CONSENT:
            self._show_consent(interview)
            return
        presenter = InterviewPresenter(
            interview,
            on_consent=self._show_consent,
            on_end=self.show_review,
            on_leave=self.show_home,
        )
        self._go(Screen.INTERVIEW, presenter)

    def _open(self, way: Callable[[], OpenInterview]) -> None:
        try:
            interview = way()
        except UpgradeNeeded as error:
            view = self._ports.upgrade()
            values = {"minimum": view.minimum, "installed": view.installed}
            self._change(notice=Notice(VERSION_NOTE, values, error.code))
            return
        except CairnError as error:
            self._change(notice=notice_of(error))
            return
        self.show_interview(interview)

    def _show_consent(self, interview: OpenInterview) -> None:
        consent = ConsentPresenter(
            interview, on_agreed=self.show_interview, on_ended=self.show_home
        )
        self._go(Screen.CONSENT, consent)

    def show_review(self, interview: OpenInterview) -> None:
        """Show the last look before the seal."""
        review = ReviewPresenter(
            interview,
            self._ports,
            self._work,
            on_open=self.show_interview,
            on_done=self.show_receipt,
        )
        self._go(Screen.REVIEW, review)

    def show_receipt(self, slip: Slip | None) -> None:
        """Show the respondent's slip; go home where there is none."""
        self._interview = None
        if slip is None or not slip.code:
            self.show_home()
            return
        self._go(Screen.RECEIPT, ReceiptPresenter(slip, self._ports, on_done=self.show_home))

    def _home(self) -> HomePresenter:
        return HomePresenter(
            self._ports,
            self._work,
            on_start=self.start_form,
            on_open=self.open_draft,
        )

    def _unlock(self) -> UnlockPresenter:
        return UnlockPresenter(self._ports, self._work, on_done=self.show_home)

    def _go(self, screen: Screen, presenter: ScreenPresenter) -> None:
        self._change(screen=screen, presenter=presenter, notice=None)
