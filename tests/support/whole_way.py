"""A whole mission by its real commands: station, HTTPS server, headless tablets, intake, analytics.

Set-up calls the commands in this process; the server that answers and the tablets that ask are
processes of their own, and meet over TLS on loopback.
"""

import os
import re
import socket
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from random import Random
from typing import Any, Final

from server.commands import server, steward
from server.commands.console import SystemClock
from server.demo.device import Device
from server.demo.office import call, call_json, filled_policy
from server.demo.processes import Probe, Service
from shared.forms.answers import Answer, Answers
from shared.forms.codebook import codebook_of
from shared.forms.definition import Form
from shared.forms.interview import Interview
from shared.forms.respondent import Chosen, Respondent
from shared.forms.sources import read_attachment
from shared.forms.xform import read_form
from shared.forms.xlsform import convert
from shared.records.codebook import Codebook, Disclosure, Kind
from shared.sealing.passphrase import TEST_COST

STATION_PASSPHRASE: Final = "seven grey herons cross the quiet delta"
DEVICE_PASSPHRASE: Final = "lantern orchard velvet compass marble thirty"
STAFF_PASSPHRASE: Final = "harbour ninety willow copper drift"
COORDINATOR: Final = "leyla"
CANARY: Final = "Qzavx"
"""In every free text the made-up people give; it must stand in no byte the server keeps."""
_DIRECT_CHARS_MIN: Final = 8
"""Shorter answers, such as "7", stand in any file by chance."""
_SEARCHED: Final = frozenset({Kind.TEXT, Kind.GEOPOINT})
"""A date of birth may be the day on which the server wrote its log."""


@dataclass(frozen=True, slots=True)
class FilledForm:
    """One interview's answers.

    Attributes:
        pairs: path with positions and text of every question asked, in form order.
        answers: everything the form held at its end.
    """

    pairs: Sequence[tuple[str, str]]
    answers: Answers


@dataclass(frozen=True, slots=True)
class FieldForm:
    """A form as tests read it, by the engine and apart from client and server."""

    form: Form
    codebook: Codebook
    attachments: Mapping[str, Any]

    @classmethod
    def read(cls, file: Path, media: Path | None = None) -> "FieldForm":
        """Read an XForm or XLSForm and the files beside it."""
        data = file.read_bytes()
        form = read_form(data if file.suffix == ".xml" else convert(data).xform)
        found = () if media is None else sorted(media.iterdir())
        attachments = {
            each.name: read_attachment(each.name, each.read_bytes())
            for each in found
            if each.suffix in (".csv", ".geojson")
        }
        return cls(form, codebook_of(form), attachments)

    def fill(self, seed: int, chosen: Chosen | None = None) -> FilledForm:
        """Answer every question that comes up, with a canary in each free text that takes one."""
        dice = Random(seed)
        interview = Interview(
            self.form,
            clock_now=SystemClock().now(),
            tz=UTC,
            random_bytes=dice.randbytes,
            attachments=self.attachments,
        )
        done = Respondent(interview, dice, chosen, optional_share=1.0, repeats_max=2).fill()
        assert done, [(one.path, one.rule) for one in interview.violations()]
        self._sing(interview, set(chosen or ()))
        assert interview.violations() == ()
        answers = interview.finalize()
        return FilledForm(self._asked(answers), answers)

    def _sing(self, interview: Interview, decided: set[str]) -> None:
        """Write canaries where free text stands and the form's rules let one stand."""
        fields = self.codebook.field_map()
        number = 0
        for path, text in _positional(interview.answers()):
            field = fields.get(_form_path(path))
            if field is None or field.kind is not Kind.TEXT or field.readonly:
                continue
            if field.path in decided or not interview.get(path).relevant:
                continue
            number += 1
            interview.set(path, f"{CANARY} answer {number}")
            if interview.violations():
                interview.set(path, text)

    def _asked(self, answers: Answers) -> list[tuple[str, str]]:
        fields = self.codebook.field_map()
        pairs = []
        for path, text in _positional(answers):
            field = fields.get(_form_path(path))
            if field is not None and not field.readonly:
                pairs.append((path, text))
        return pairs

    def direct(self, filled: FilledForm) -> list[str]:
        """Return the direct answers that are long enough to be searched for."""
        fields = self.codebook.field_map()
        return [
            answer.text
            for answer in filled.answers.values
            if (field := fields.get(answer.path)) is not None
            and field.disclosure is Disclosure.DIRECT
            and field.kind in _SEARCHED
            and len(answer.text) >= _DIRECT_CHARS_MIN
        ]


@contextmanager
def quick_key_files() -> Iterator[None]:
    """Have the commands make key files that open at once.

    What a key file costs to open is written in it; at full cost every command of the station takes
    seconds, which tests/e2e/test_server_commands.py and the demonstration pay.
    """
    costs = (steward, "KEY_FILE_COST"), (server, "VAULT_COST")
    before = [getattr(module, name) for module, name in costs]
    for module, name in costs:
        setattr(module, name, TEST_COST)
    try:
        yield
    finally:
        for (module, name), cost in zip(costs, before, strict=True):
            setattr(module, name, cost)


class WholeWay:
    """A mission in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.station, self.server = root / "station", root / "server"
        self.key_file, self.papers = root / "server.key", root / "papers"
        self.log = root / "commands.log"
        self.papers.mkdir(parents=True)
        self.port = free_port()
        self.counts: dict[str, Any] = {}

    @property
    def url(self) -> str:
        """Where the server answers."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def home(self) -> tuple[str, str]:
        """The option that names the server's home."""
        return "--home", str(self.server)

    @property
    def unlocked(self) -> tuple[str, ...]:
        """The options that name the server's home and open its keys."""
        return (*self.home, "--key-file", str(self.key_file))

    def found(self) -> None:
        """Make station, server, project, ring, policy and a coordinator."""
        with quick_key_files():
            self.steward("init", str(self.station))
            call_json(self.log, "server", "init", str(self.server), "--listen",
                      f"127.0.0.1:{self.port}", "--new-key-file", str(self.key_file))  # fmt: skip
        request, signed = self.papers / "ring.request", self.papers / "ring.signed"
        call_json(self.log, "server", "project", "create", "--name", "Quelora", "--controller",
                  "IOM", "-o", str(request), *self.unlocked)  # fmt: skip
        self.steward("ring", str(self.station), str(request), "-o", str(signed), "--yes")
        call_json(self.log, "server", "project", "import-ring", str(signed), *self.unlocked)
        policy, approved = self.papers / "policy.toml", self.papers / "policy.signed"
        call(self.log, "steward", "policy-template", "-o", str(policy))
        policy.write_text(filled_policy(policy.read_text("utf-8")), "utf-8")
        self.steward("approve-policy", str(self.station), str(policy), "-o", str(approved), "--yes")
        call_json(self.log, "server", "policy", "publish", str(approved), *self.home)
        self.add_user(COORDINATOR, "coordinator")

    def steward(self, *words: str) -> Any:
        """Run a command of the station."""
        return call_json(self.log, "steward", *words, passphrase=STATION_PASSPHRASE)

    def add_user(self, name: str, role: str) -> None:
        """Make an account; its password comes by a descriptor."""
        with _secret(STAFF_PASSPHRASE) as descriptor:
            call_json(self.log, "server", "users", "add", name, "--role", role,
                      "--passphrase-fd", str(descriptor), *self.home)  # fmt: skip

    def publish(self, form: Path) -> None:
        """Propose, have signed and put in force; the next step of intake broadcasts it."""
        request, signed = (self.papers / f"{form.stem}.{end}" for end in ("request", "signed"))
        call_json(self.log, "forms", "publish", str(form), "-o", str(request), *self.home)
        self.steward("approve-form", str(self.station), str(request), "-o", str(signed), "--yes")
        call_json(self.log, "forms", "publish", str(signed), *self.home)
        self.work()

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Answer over HTTPS, in a process of its own; intake runs when a test says so."""
        words = ("run", str(self.server), "--key-file", str(self.key_file), "--workers", "0")
        service = Service("server", ("server", *words), self.root / "server.log")
        try:
            service.wait_until(Probe(self.url))
            yield
        finally:
            service.stop()

    def invite(self, label: str) -> str:
        """Return an enrolment code."""
        made = call_json(self.log, "server", "devices", "invite", "--label", label, *self.home)
        return str(made["code"])

    def enrol(self, label: str, code: str | None = None) -> Path:
        """Enrol a tablet and let it fetch the forms; return its home."""
        home = self.root / label
        self.client(home, "enrol", code or self.invite(label), "--name", "Amina", "--label", label)
        self.client(home, "sync")
        return home

    def client(self, home: Path, *words: str, passphrase: str = DEVICE_PASSPHRASE) -> Any:
        """Run one command of a tablet."""
        return call_json(
            self.log, "client", "--home", str(home), "--as", "Amina", *words, passphrase=passphrase
        )

    def device(self, home: Path) -> Device:
        """Open a tablet for many steps."""
        return Device(home, "Amina", self.root / f"{home.name}.log", DEVICE_PASSPHRASE)

    def work(self) -> dict[str, Any]:
        """Take in what waits; return the counts, whose sum must hold (INTK-070)."""
        done = call_json(self.log, "server", "work", str(self.server), "--once",
                         "--key-file", str(self.key_file))  # fmt: skip
        counts: dict[str, Any] = done["counts"]
        assert counts["received"] == counts["resolved"] + counts["held"] + counts["quarantined"]
        self.counts = counts
        return counts

    def quarantine(self) -> list[dict[str, Any]]:
        """Return what stands aside."""
        rows: list[dict[str, Any]] = call_json(
            self.log, "server", "quarantine", "list", "--as", COORDINATOR, *self.home
        )
        return rows

    def kept_bytes(self) -> bytes:
        """Return every byte the server keeps or has printed."""
        files = [path for path in sorted(self.server.rglob("*")) if path.is_file()]
        logs = [path for path in (self.root / "server.log", self.log) if path.exists()]
        return b"\n".join(path.read_bytes() for path in (*files, *logs))

    # ---- what reached the analytic store

    def analytics(self, query: str, *values: str) -> list[dict[str, Any]]:
        """Ask the analytic store as any reader may."""
        uri = f"{(self.server / 'stores' / 'analytics.db').as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as store:
            store.row_factory = sqlite3.Row
            return [dict(row) for row in store.execute(query, values)]

    def tables(self, form_id: str) -> dict[str, str]:
        """Return the form's tables by the path of what a row stands for."""
        rows = self.analytics("SELECT tbl, scope FROM _columns WHERE form_id = ?", form_id)
        return {row["scope"]: row["tbl"] for row in rows}

    def differences(self, form: FieldForm, filled: Sequence[FilledForm]) -> tuple[list[str], int]:
        """Return the columns that do not hold what was answered, and how many were compared."""
        wrong, compared = [], 0
        readonly = {field.path for field in form.codebook.fields() if field.readonly}
        columns = self.analytics(
            "SELECT tbl, name, path, kind, rule FROM _columns WHERE form_id = ? AND path <> ''",
            form.codebook.form_id,
        )
        for column in columns:
            if column["path"] in readonly:
                continue
            given = [a for one in filled for a in one.answers.values if a.path == column["path"]]
            wanted = [_coarse(answer, column["kind"], column["rule"]) for answer in given]
            if not wanted or None in wanted:
                continue
            name, table = column["name"], column["tbl"]
            cells = self.analytics(f'SELECT "{name}" AS cell FROM "{table}"')
            found = Counter(str(row["cell"]) for row in cells if row["cell"] is not None)
            compared += len(wanted)
            if found != Counter(map(str, wanted)):
                wrong.append(f"{column['path']} ({column['rule']}): {wanted} became {dict(found)}")
        return wrong, compared


def instances(filled: Sequence[FilledForm]) -> Counter[str]:
    """Return how many repeat instances the interviews have, by the repeat's path."""
    return Counter(_form_path(address) for one in filled for address in one.answers.instances)


def _coarse(answer: Answer, kind: str, rule: str) -> str | None:
    """Return an answer as the rule leaves it, worked out apart from the server's own code."""
    text = answer.text
    if rule == "keep":
        return " ".join(sorted(text.split())) if kind == "select_multiple" else text
    verb, _, word = rule.partition(":")
    if verb == "top" and kind == "integer":
        return f"{word}+" if int(text) >= int(word) else text
    if rule == "date:month":
        return text[:7]
    if rule == "age:dtm" and kind == "integer":
        bands = ((4, "0-4"), (11, "5-11"), (17, "12-17"), (59, "18-59"), (999, "60+"))
        return next(name for top, name in bands if int(text) <= top)
    return None


def _positional(answers: Answers) -> list[tuple[str, str]]:
    """Return (path with positions, text) of all answers, in form order."""
    places: dict[str, int] = {}
    seen: Counter[str] = Counter()
    for address in answers.instances:
        family = address.rpartition("[")[0]
        seen[family] += 1
        places[address] = seen[family]
    found = []
    for answer in answers.values:
        path, so_far = "", ""
        for step in answer.address.split("/")[1:]:
            so_far += f"/{step}"
            name = step.partition("[")[0]
            path += f"/{name}[{places[so_far]}]" if so_far in places else f"/{name}"
        found.append((path, answer.text))
    return found


def _form_path(path: str) -> str:
    return re.sub(r"\[[^]]*\]", "", path)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _secret(text: str) -> Iterator[int]:
    """Lend a descriptor from which a secret can be read."""
    reader, writer = os.pipe()
    os.write(writer, text.encode() + b"\n")
    os.close(writer)
    try:
        yield reader
    finally:
        os.close(reader)
