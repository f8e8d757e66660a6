"""A client without vault, engine or network: screens of every kind, to look at and to touch.

The real services carry the end-to-end tests; this one reaches states they rarely show (every kind
of question, thousands of rows, a full disk) and keeps what the screens told it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from mobile_client.presenters.ports import CodeView, DeviceFacts, Preferences, Slip
from mobile_client.presenters.rows import (
    CaseRow,
    DraftRow,
    EntryState,
    EnumeratorRow,
    FormRow,
    HubRow,
    HubsFound,
    RecordRow,
)
from mobile_client.presenters.status import Banner, Counts, Destination, Transfer
from mobile_client.presenters.upgrades import Installation, UpgradeView
from mobile_client.presenters.views import (
    ConsentGiven,
    Language,
    NoticeView,
    OutlineRow,
    ProgressView,
    PurposeRow,
    QuestionView,
    RepeatView,
    RosterRow,
    ScreenKind,
    ScreenView,
)
from shared.errors import Offline, PackageRefused, PassphraseWrong, TokenInvalid

ENGLISH = Language("English", "en")
ARABIC = Language("\u0627\u0644\u0639\u0631\u0628\u064a\u0629", "ar", right_to_left=True)
NOW_MS = 1_795_000_000_000

HUBS = (
    HubRow("a1" * 16, "Goma", "code", "", "CAIRNHUB1.goma", NOW_MS - 7_000_000),
    HubRow("b2" * 16, "Beni north", "certificate", "", "CAIRNHUB1.beni"),
    HubRow(
        "c3" * 16,
        "Free Wi-Fi",
        "",
        "this device does not know this hub; scan or paste the hub's code once",
    ),
    HubRow(
        "d4" * 16, "\u063a\u0648\u0645\u0627", "code", "it does not answer", "", NOW_MS - 90_000_000
    ),
)
"""A known one, one the mission vouches for, a stranger, and one that is away."""


@dataclass
class ScriptedInterview:
    """Shows given screens in turn and keeps the answers."""

    screens: list[ScreenView]
    view: NoticeView | None = None
    draft_id: str = "draft-1"
    title: str = "Household registration"
    languages: tuple[Language, ...] = (ENGLISH, ARABIC)
    language: Language = ENGLISH
    place: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    folder: Path = Path("nowhere")
    thumbnails: dict[str, bytes] = field(default_factory=dict)

    def set_language(self, name: str) -> None:
        self.language = next(one for one in self.languages if one.name == name)

    def screen(self) -> ScreenView:
        if self.place >= len(self.screens):
            return ScreenView(ScreenKind.END, position=self.place)
        screen = self.screens[self.place]
        questions = tuple(self._answered(question) for question in screen.questions)
        return replace(screen, questions=questions, position=self.place)

    def _answered(self, question: QuestionView) -> QuestionView:
        value = self.answers.get(question.path, question.value)
        names = value.split()
        choices = tuple(
            replace(choice, selected=choice.name in names) for choice in question.choices
        )
        message = "This question needs an answer." if question.required and not value else ""
        return replace(question, value=value, choices=choices, message=message)

    def notice(self) -> NoticeView:
        assert self.view is not None
        return replace(self.view, language=self.language)

    def thumbnail(self, path: str) -> bytes:
        return self.thumbnails.get(path, b"")

    def media(self, name: str) -> Path | None:
        path = self.folder / name
        return path if path.exists() else None

    def consent(self, given: ConsentGiven) -> bool:
        self.log.append(f"consent {sorted(given.granted)} {given.method}")
        if given.granted:
            self.place += 1
        return bool(given.granted)

    def decline(self, outcome: str) -> None:
        self.log.append(f"decline {outcome}")

    def progress(self) -> ProgressView:
        return ProgressView(self.place, len(self.screens))

    def answer(self, path: str, text: str) -> None:
        self.answers[path] = text

    def attach(self, path: str, source: Path) -> None:
        self.answers[path] = source.name

    def next(self) -> bool:
        if any(question.message for question in self.screen().questions):
            return False
        self.place += 1
        return True

    def back(self) -> bool:
        if self.place == 0:
            return False
        self.place -= 1
        return True

    def jump(self, path: str) -> None:
        for place, screen in enumerate(self.screens):
            if any(question.path == path for question in screen.questions):
                self.place = place

    def add_repeat(self, path: str) -> None:
        self.log.append(f"add {path}")

    def remove_repeat(self, path: str) -> None:
        self.log.append(f"remove {path}")

    def outline(self) -> tuple[OutlineRow, ...]:
        return tuple(
            OutlineRow(
                question.path,
                question.label,
                answer=self.answers.get(question.path, ""),
                answered=question.path in self.answers,
                required=question.required,
                shield=question.shield,
            )
            for screen in self.screens
            for question in screen.questions
        )

    def violations(self) -> tuple[OutlineRow, ...]:
        return tuple(row for row in self.outline() if row.required and not row.answered)

    def needs_approval(self) -> bool:
        return False

    def approve(self, lead: str) -> None:
        self.log.append(f"approve {lead}")

    def send_back(self, lead: str, reason: str) -> None:
        self.log.append(f"send back {lead} {reason}")

    def close(self) -> None:
        self.log.append("close")


@dataclass
class ScriptedPorts:
    """Everything the presenters ask for, from plain fields."""

    interview: ScriptedInterview
    enrolled: bool = True
    unlocked: bool = True
    people: tuple[EnumeratorRow, ...] = (EnumeratorRow("e1", "Amina"), EnumeratorRow("e2", "Yusuf"))
    kept: Preferences = field(default_factory=Preferences)
    form_rows: tuple[FormRow, ...] = (
        FormRow("f1", "Household registration", "3", "consent", (ENGLISH, ARABIC)),
        FormRow("f2", "Multi-sectoral location assessment", "12", "key_informant", (ENGLISH,)),
        FormRow("f3", "\u0627\u0633\u062a\u0628\u064a\u0627\u0646 2026", "1", "consent", (ARABIC,)),
    )
    draft_rows: tuple[DraftRow, ...] = (
        DraftRow("d1", "f1", "Household registration", NOW_MS, NOW_MS, ProgressView(31, 50)),
        DraftRow("d2", "f1", "Household registration", NOW_MS, NOW_MS, ready=True),
    )
    state_counts: Counts = field(default_factory=lambda: Counts(14, 3, 122))
    shown_banner: Banner = field(
        default_factory=lambda: Banner(online=False, last_sync_ms=NOW_MS - 4_000_000)
    )
    shown_upgrade: UpgradeView = field(default_factory=lambda: UpgradeView("0.1.0"))
    hubs: tuple[HubRow, ...] = ()
    hubs_notice: str = ""
    last_hub: Destination | None = None
    wrong: str = ""
    wait: float = 0.0
    clock_s: float = 0.0
    log: list[str] = field(default_factory=list)

    def read_code(self, text: str) -> CodeView:
        if not text.startswith("CAIRN"):
            raise TokenInvalid("This is not an enrolment code; copy all of it, from CAIRN1 on.")
        return CodeView("Sudan DTM", ("https://cairn.example.org",), "a1b2c3d4e5f60718", NOW_MS)

    def join(self, code: str, device_label: str, name: str, passphrase: str) -> None:
        del code, passphrase
        self.log.append(f"join {device_label} {name}")
        self.unlocked = True

    def enumerators(self) -> tuple[EnumeratorRow, ...]:
        return self.people

    def bits_needed(self) -> float:
        return 60.0

    def passphrase_bits(self, passphrase: str) -> float:
        return 3.0 * len(passphrase)

    def add_enumerator(self, name: str, passphrase: str) -> str:
        del passphrase
        self.people = (*self.people, EnumeratorRow("e9", name))
        return "e9"

    def wait_s(self, enumerator: str) -> float:
        del enumerator
        return self.wait

    def unlock(self, enumerator: str, passphrase: str) -> None:
        if passphrase == self.wrong:
            self.wait = 4.0
            raise PassphraseWrong("This passphrase does not open the vault.")
        self.log.append(f"unlock {enumerator}")
        self.unlocked = True

    def lock(self) -> None:
        self.unlocked = False

    def destroy_vault(self) -> None:
        self.log.append("destroy")

    def begin(self, form_id: str) -> ScriptedInterview:
        self.log.append(f"begin {form_id}")
        return self.interview

    def resume(self, draft_id: str) -> ScriptedInterview:
        self.log.append(f"resume {draft_id}")
        return self.interview

    def tally(self, form_id: str, outcome: str) -> None:
        self.log.append(f"tally {form_id} {outcome}")

    def abandon(self, draft_id: str, outcome: str) -> None:
        self.log.append(f"abandon {draft_id} {outcome}")

    def forms(self) -> tuple[FormRow, ...]:
        return self.form_rows

    def drafts(self) -> tuple[DraftRow, ...]:
        return self.draft_rows

    def records(self) -> tuple[RecordRow, ...]:
        return tuple(
            RecordRow(f"{nth:032x}", "f1", "Household registration", NOW_MS, state)
            for nth in range(4)
            for state in EntryState
        )

    def counts(self) -> Counts:
        return self.state_counts

    def banner(self) -> Banner:
        return self.shown_banner

    def slips_due(self) -> tuple[Slip, ...]:
        return (Slip("0" * 32, "K7QX4-2MNPA-9TRWE-HC3VD"),)

    def finalize(self, draft_id: str) -> Slip:
        self.log.append(f"finalize {draft_id}")
        return Slip("0" * 32, "K7QX4-2MNPA-9TRWE-HC3VD")

    def slip_given(self, record_id: str) -> None:
        self.log.append(f"given {record_id}")

    def withdraw(self, code: str) -> None:
        self.log.append(f"withdraw {code}")

    def destinations(self) -> tuple[Destination, ...]:
        mission = Destination("mission", "Mission server", "https://cairn.example.org")
        return (mission,) if self.last_hub is None else (mission, self.last_hub)

    def hand_over(
        self,
        destination: Destination,
        on_progress: Callable[[Transfer], None],
        stopped: Callable[[], bool],
    ) -> Transfer:
        del stopped
        if destination.kind == "hub":
            raise Offline("The hub does not answer. Are both on the same network?")
        on_progress(
            Transfer(
                *(5, 14, 0, 4_000, 12_000, 0.5),
                files=3,
                file_bytes=12_000_000,
                file_bytes_total=50_000_000,
            )
        )
        return Transfer(14, 14, 2, 12_000, 12_000, 1.2)

    def look_for_hubs(
        self, on_seen: Callable[[HubsFound], None], stopped: Callable[[], bool]
    ) -> HubsFound:
        for nth in range(len(self.hubs)):
            if stopped():
                return HubsFound()
            on_seen(HubsFound(self.hubs[: nth + 1], (nth + 1) / len(self.hubs)))
        self.log.append("looked")
        return HubsFound(self.hubs, 1.0, self.hubs_notice)

    def take_bundle(self, path: Path) -> int:
        self.log.append(f"take {path.name}")
        return 3

    def search(self, text: str, limit: int) -> tuple[CaseRow, ...]:
        rows = [
            CaseRow(f"c{nth}", "f1", f"Household {nth}", "Tent 12", conflicts=int(nth == 2))
            for nth in range(1, 30)
        ]
        return tuple(row for row in rows if text.casefold() in row.label.casefold())[:limit]

    def open_case(self, record_id: str) -> ScriptedInterview:
        self.log.append(f"case {record_id}")
        return self.interview

    def facts(self) -> DeviceFacts:
        return DeviceFacts("tablet-7", "Sudan DTM", 3, "a1b2 c3d4 e5f6 0718", "0.1.0")

    def upgrade(self) -> UpgradeView:
        return self.shown_upgrade

    def fetch_upgrade(self) -> UpgradeView:
        self.log.append("fetch")
        self.shown_upgrade = replace(self.shown_upgrade, asked=True, received=40_000_000)
        return self.shown_upgrade

    def take_upgrade(self, path: Path) -> UpgradeView:
        if path.name != self.shown_upgrade.file_name:
            raise PackageRefused("the file is not the package that was announced")
        self.log.append(f"take {path.name}")
        self.shown_upgrade = replace(self.shown_upgrade, whole=True)
        return self.shown_upgrade

    def save_upgrade(self, path: Path) -> Path:
        self.log.append(f"save {path.name}")
        return path / self.shown_upgrade.file_name

    def install_upgrade(self) -> Installation:
        self.log.append("install")
        return Installation(Path("/tmp/cairn.deb"), "sudo apt install /tmp/cairn.deb")

    def preferences(self) -> Preferences:
        return self.kept

    def save_preferences(self, preferences: Preferences) -> None:
        self.kept = preferences

    def change_passphrase(self, old: str, new: str) -> None:
        del old, new
        self.log.append("passphrase")

    def is_enrolled(self) -> bool:
        return self.enrolled

    def is_unlocked(self) -> bool:
        return self.unlocked

    def monotonic_s(self) -> float:
        return self.clock_s


def consent_notice() -> NoticeView:
    """Return a notice with three purposes."""
    return NoticeView(
        form_id="f1",
        title="Household registration",
        basis="consent",
        text=(
            "I work for the **International Organization for Migration**. We ask who lives here so "
            "that help can be planned.\n\nYou may refuse, stop at any time, or skip a question."
        ),
        language=ENGLISH,
        languages=(ENGLISH, ARABIC),
        asks_method=True,
        purposes=(
            PurposeRow("assistance", "May we use your answers to **plan assistance**?"),
            PurposeRow("referral", "May we pass your contact to agencies that can help you?"),
            PurposeRow("research", "May researchers use the answers without your name?"),
        ),
    )


def roster() -> ScreenView:
    """Return the screen of a repeat with three members."""
    rows = tuple(
        RosterRow(f"/data/member[{nth}]", name, cells, unanswered)
        for nth, name, cells, unanswered in (
            (1, "Amina", ("Female", "34"), 0),
            (2, "Yusuf", ("Male", "9"), 2),
            (3, "\u0641\u0627\u0637\u0645\u0629", ("Female", "2"), 0),
        )
    )
    repeat = RepeatView("/data/member", "Members of the household", ("Name", "Sex"), rows)
    return ScreenView(ScreenKind.REPEAT, repeat=repeat, trail=("Members",))
