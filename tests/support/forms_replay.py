# ruff: noqa: N802, N815, SIM102, PLR0911 - operations are named as the recordings name them
"""Replays a recorded scenario on our engine and compares what each step shows.

The recordings come from two engines; where they name the same thing differently (a prompt, a
position) both spellings are read as one.
"""

import io
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from forms_build import seeded_bytes

from shared.errors import CairnError
from shared.forms.actions import NoHooks
from shared.forms.answer_node import position_path
from shared.forms.cache import dump_form, load_form
from shared.forms.display import Choice
from shared.forms.interview import Interview
from shared.forms.navigation import EventKind, Trail, Walker
from shared.forms.screens import frame_path
from shared.forms.sources import read_attachment
from shared.forms.types import AnswerInvalid
from shared.forms.xform import read_form
from shared.forms.xpath.node import Node
from shared.forms.xpath.tables import Instance
from shared.forms.xpath.xmltree import parse_xml

_EVENTS = {
    1: "END",
    2: "PROMPT",
    4: "QUESTION",
    8: "GROUP",
    16: "REPEAT",
    "END_OF_FORM": "END",
    "PROMPT_NEW_REPEAT": "PROMPT",
    "QUESTION": "QUESTION",
    "GROUP": "GROUP",
    "REPEAT": "REPEAT",
}
_FILE = "file.jpg"
_CHANCE = re.compile(r"\b(?:random|uuid|now|today)\(")


class NoClient(NoHooks):
    """JavaRosa's tests run without a client, and write so."""

    def geopoint(self) -> str:
        return "no client implementation"


class Mismatch(Exception):
    """A step shows something else than recorded."""


@dataclass
class Player:
    """One scenario of a recording: a form, an interview and a position."""

    form_xml: bytes
    interview: Interview
    walker: Walker
    trail: Trail = ()
    ended: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


class Replay:
    """Replays one recording."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.case = case
        self.zone: tzinfo = ZoneInfo(case["tz"])
        self.now = datetime.fromisoformat(case["now"])
        self.java = case["suite"].startswith("javarosa")
        self.players: dict[int, Player] = {}
        self.attachments = _attachments(case.get("attachments") or {})

    def run(self) -> str:
        """Return "" or the first mismatch."""
        try:
            for scenario in self.case["scenarios"]:
                if "derived_from" not in scenario and scenario.get("form_xml"):
                    try:
                        self.players[scenario["id"]] = self.start(scenario)
                    except CairnError:
                        if scenario.get("init_error"):
                            return ""
                        raise
                    if scenario.get("init_error") and not self.fails_when_shown():
                        return "loaded although it must be refused"
            for step in self.case["steps"]:
                self.step(step)
        except Mismatch as error:
            return str(error)
        except CairnError as error:
            return f"refused: {error.message}"
        return ""

    def fails_when_shown(self) -> bool:
        """A form may also be refused when its choices are first shown."""
        interview = next(iter(self.players.values())).interview
        try:
            for path in list(interview._program.controls):
                interview.get(path)
        except CairnError:
            return True
        return False

    def start(self, scenario: dict[str, Any]) -> Player:
        xml = _mended(scenario["form_xml"]).encode()
        form = read_form(xml)
        options = self.options()
        edited = scenario.get("edit_instance")
        preload = scenario.get("preload") or {}
        names = {"deviceID": "deviceid", "phoneNumber": "phonenumber"}
        properties = {names.get(k, k): v for k, v in preload.items()}
        if edited:
            del options["verify"]
            options.pop("hooks", None)
            interview = Interview.from_instance_xml(form, edited, editing=True, **options)
        else:
            interview = Interview(form, properties=properties, **options)
        player = self.player(xml, interview)
        self.compare_instance(player, scenario.get("initial_instance"), "at the start")
        return player

    def options(self, *, restoring: bool = False) -> dict[str, Any]:
        return {
            "clock_now": self.now,
            "tz": self.zone,
            "random_bytes": seeded_bytes(),
            **({} if restoring else {"verify": _verify}),
            "attachments": self.attachments,
            **({"hooks": NoClient()} if self.java else {}),
        }

    def player(self, xml: bytes, interview: Interview) -> Player:
        walker = Walker(
            interview._tree,
            interview.form.controls,
            interview._repeats.can_add,
            interview._repeats.grow,
        )
        return Player(xml, interview, walker)

    # ---- steps

    def step(self, step: dict[str, Any]) -> None:
        op = step["op"]
        if op == "assert":
            return
        number = step.get("s", 0)
        player = self.players.get(number)
        if player is None:
            raise Mismatch(f"step {step['i']}: scenario {number} was never made")
        handler = getattr(self, f"op_{op}", None)
        if handler is None:
            raise Mismatch(f"step {step['i']}: no operation {op}")
        try:
            handler(player, step)
        except CairnError as error:
            if "threw" in step:
                return
            raise Mismatch(f"step {step['i']} {op} {step['args']}: {error.message}") from error
        except Mismatch as error:
            if "threw" in step:
                return
            raise Mismatch(f"step {step['i']} {op} {step['args']}: {error}") from error
        if "threw" in step:
            raise Mismatch(f"step {step['i']} {op}: must be refused: {step['threw'][:80]}")
        self.compare_instance(player, step.get("instance_after"), f"step {step['i']} {op}")

    def op_next(self, player: Player, step: dict[str, Any]) -> None:
        times = step["args"][0] if step["args"] and isinstance(step["args"][0], int) else 1
        for _ in range(times):
            self.move(player, player.walker.after(player.trail))
        self.check_event(player, step)
        wanted = step["args"][0] if step["args"] else None
        if isinstance(wanted, str) and wanted != "END_OF_FORM":
            self.same_ref(self.here(player), wanted)

    def op_nextRef(self, player: Player, step: dict[str, Any]) -> None:
        trail, ended = player.trail, player.ended
        self.move(player, player.walker.after(player.trail))
        self.same_ref(self.here(player), (step["result"] or {}).get("value"))
        player.trail, player.ended = trail, ended

    def op_prev(self, player: Player, step: dict[str, Any]) -> None:
        self.move(player, player.walker.before(player.trail))
        self.check_event(player, step)

    def move(self, player: Player, trail: Trail) -> None:
        player.trail = trail
        player.ended = not trail

    def here(self, player: Player) -> str:
        """Return the position's path; a prompt as the instance that would come."""
        if not player.trail:
            return ""
        frame = player.trail[-1]
        if frame.prompt:
            return f"{frame_path(frame)}[new]"
        return position_path(frame.node) if frame.control.ref else ""

    def check_event(self, player: Player, step: dict[str, Any]) -> None:
        result = step.get("result")
        kind = result.get("eventType") if isinstance(result, dict) else result
        wanted = _EVENTS.get(kind) if kind is not None else None
        got = "END" if not player.trail else player.trail[-1].kind.name
        if wanted and wanted != got:
            raise Mismatch(
                f"at {got} {self.here(player)}, recorded {wanted} {step.get('at_after')}"
            )
        if player.trail and step.get("at_after"):
            self.same_ref(self.here(player), step["at_after"])

    def same_ref(self, got: str, wanted: str | None) -> None:
        if not wanted:
            return
        ours = re.sub(r"\[1\]", "", got.replace("[new]", ""))
        theirs = re.sub(r"\[1\]", "", wanted)
        if got.endswith("[new]"):
            theirs = re.sub(r"\[\d+\]$", "", theirs)
        if ours != theirs:
            raise Mismatch(f"at {got}, recorded {wanted}")

    def op_answer(self, player: Player, step: dict[str, Any]) -> None:
        path, value = self.asked(player, step)
        text = _answer_text(value)
        if text == _FILE:
            text = self.uploaded_name(step, path)
        before = player.interview.value(path)
        result = step.get("result")
        try:
            state = player.interview.set(path, text)
        except AnswerInvalid:
            if isinstance(result, dict) and result.get("value") == "":
                # We refuse what the other engine turns into nothing.
                player.interview.set(path, "")
            elif self.java and result == "OK":
                self.force(player, path, text)
            else:
                raise
            return
        if result == "CONSTRAINT_VIOLATED":
            if state.valid:
                raise Mismatch("the constraint holds, recorded as violated")
            # JavaRosa does not store what a constraint refuses.
            player.interview.set(path, before)
        elif result == "OK" and not state.valid and self.java and text:
            raise Mismatch(f"invalid: {state.message}")
        elif isinstance(result, dict) and isinstance(result.get("value"), str):
            if result["$type"] != "UploadNodeAnswer":
                self.same_value(player, path, result["value"])

    def asked(self, player: Player, step: dict[str, Any]) -> tuple[str, Any]:
        """Return the question a step answers and the value; go there if it names one."""
        args = step["args"]
        if len(args) > 1 and isinstance(args[0], str):
            path = args[0].replace("[0]", "[1]")
            self.make_instances(player, path)
            self.jump(player, path, must_exist="threw" in step)
            return path, args[1] if len(args) == 2 else args[1:]
        if not player.trail or player.trail[-1].kind is not EventKind.QUESTION:
            raise Mismatch("not at a question")
        return position_path(player.trail[-1].node), args[0]

    def force(self, player: Player, path: str, text: str) -> None:
        """JavaRosa's scenarios store text in any field; what follows from it is compared."""
        node = player.interview._tree.find(path)
        node.text = text
        player.interview._settler.changed(node)
        player.interview._settler.note(node)
        player.interview._settler.settle()

    def uploaded_name(self, step: dict[str, Any], path: str) -> str:
        """The recording names an upload only in the instance it leads to."""
        plain = re.sub(r"\[\d+\]", "", path)
        instance = step.get("instance_after")
        rows = _flat(parse_xml(instance).kids[0]) if instance else []
        found = [text for where, text in rows if where == plain]
        places = [int(place) for place in re.findall(r"\[(\d+)\]", path)]
        place = places[-1] - 1 if places else 0
        return found[place] if place < len(found) and found[place] else _FILE

    def make_instances(self, player: Player, path: str) -> None:
        """JavaRosa's scenarios answer in instances that are not there yet."""
        here = ""
        for part in path.strip("/").split("/"):
            name, _, place = part.partition("[")
            repeat = f"{here}/{name}"
            form_path = re.sub(r"\[\d+\]", "", repeat)
            if self.java and form_path in player.interview.form.repeats and place:
                while player.interview.count(repeat) < int(place.rstrip("]")):
                    player.interview.add_repeat(repeat)
            here = f"{here}/{part}"

    def jump(self, player: Player, path: str, *, must_exist: bool = True) -> None:
        node = player.interview._tree.find(path)
        trail = player.walker.first()
        while trail:
            if not trail[-1].prompt and trail[-1].node is node and trail[-1].control.ref:
                player.trail, player.ended = trail, False
                return
            if trail[-1].kind is EventKind.REPEAT and _holds(trail[-1].node, node):
                # A question that stands outside its repeat in the body: its instance is as near.
                player.trail, player.ended = trail, False
            trail = player.walker.after(trail)
        if must_exist and not self.java:
            raise Mismatch(f"no question at {path}")

    def op_answerOf(self, player: Player, step: dict[str, Any]) -> None:
        result = step.get("result")
        path = step["args"][0].replace("[0]", "[1]")
        if result is None:
            try:
                node = player.interview._tree.find(path)
            except CairnError:
                return
            if node.value() != "":
                raise Mismatch(f"holds {node.value()!r}, recorded as nothing")
            return
        if not isinstance(result, dict) or "value" not in result:
            return
        value = result["value"]
        if isinstance(value, list):
            value = " ".join(str(v.get("value", v) if isinstance(v, dict) else v) for v in value)
        self.same_value(player, path, str(value))

    def same_value(self, player: Player, path: str, wanted: str) -> None:
        if _CHANCE.search(player.form_xml.decode()) and not wanted.isalpha():
            return
        if "/@" in path:
            got = stored = player.interview.value(path)
        else:
            node = player.interview._tree.find(path)
            got, stored = node.value(), node.text
            control = player.interview._questions.control(node)
            if control is not None and control.kind == "select":
                got, wanted = " ".join(sorted(got.split())), " ".join(sorted(wanted.split()))
        if wanted.startswith("uuid:") and got.startswith("uuid:"):
            return
        if re.match(r"\d{4}-\d\d-\d\dT", wanted) and got[:16] == wanted[:16]:
            return
        # JavaRosa shows what a node holds whether it is relevant or not.
        if _composed(wanted) not in (got, stored) and not _same_number(got, wanted):
            raise Mismatch(f"{path} is {got!r}, recorded {wanted!r}")

    def op_createNewRepeat(self, player: Player, step: dict[str, Any]) -> None:
        args = [a for a in step["args"] if isinstance(a, str)]
        if args:
            path = args[0]
        else:
            if not player.trail or not player.trail[-1].prompt:
                raise Mismatch("not at a prompt")
            path = frame_path(player.trail[-1])
        self.jump(player, player.interview.add_repeat(re.sub(r"\[\d+\]$", "", path)))

    def op_proposed_addExplicitCreateNewRepeatCallHere(
        self, player: Player, step: dict[str, Any]
    ) -> None:
        if step["args"][1].get("explicitRepeatCreation"):
            self.jump(player, player.interview.add_repeat(step["args"][0]))

    def op_removeRepeat(self, player: Player, step: dict[str, Any]) -> None:
        player.interview.remove_repeat(step["args"][0])

    def op_countRepeatInstancesOf(self, player: Player, step: dict[str, Any]) -> None:
        got = player.interview.count(step["args"][0])
        if got != step["result"]:
            raise Mismatch(f"{got} instances, recorded {step['result']}")

    def op_choicesOf(self, player: Player, step: dict[str, Any]) -> None:
        result = step["result"]
        wanted = result["value"] if isinstance(result, dict) else result
        got = player.interview.choices(step["args"][0])
        self.same_choices(player, got, wanted)

    def same_choices(
        self, player: Player, got: tuple[Choice, ...], wanted: list[dict[str, Any]]
    ) -> None:
        ours = [choice.value for choice in got]
        theirs = [choice["value"] for choice in wanted]
        if "randomize" in player.form_xml.decode():
            ours, theirs = sorted(ours), sorted(theirs)
        if ours != theirs:
            raise Mismatch(f"choices {ours}, recorded {theirs}")
        for choice, other in zip(got, wanted, strict=True):
            label = other.get("label")
            if label is not None and "randomize" not in player.form_xml.decode():
                if choice.label.split() != str(label).split():
                    raise Mismatch(f"label {choice.label!r}, recorded {label!r}")

    def op_refAtIndex(self, player: Player, step: dict[str, Any]) -> None:
        result = step["result"]
        self.same_ref(self.here(player), result.get("value") if result else None)

    def op_getQuestionAtIndex(self, player: Player, step: dict[str, Any]) -> None:
        result = step["result"]
        if isinstance(result, dict) and result.get("ref"):
            self.same_ref(self.here(player), result["ref"])

    op_getFormEntryPromptAtIndex = op_getQuestionAtIndex

    def op_indexOf(self, player: Player, step: dict[str, Any]) -> None:
        try:
            self.jump(player, step["args"][0])
            found = True
        except (CairnError, Mismatch):
            found = False
        if found != (step["result"] is not None):
            raise Mismatch(f"found: {found}")

    def op_atTheEndOfForm(self, player: Player, step: dict[str, Any]) -> None:
        if player.ended != step["result"]:
            raise Mismatch(f"at the end: {player.ended}")

    def op_jumpToBeginningOfForm(self, player: Player, _step: dict[str, Any]) -> None:
        player.trail, player.ended = (), False

    def op_newInstance(self, player: Player, step: dict[str, Any]) -> None:
        fresh = self.player(player.form_xml, Interview(player.interview.form, **self.options()))
        self.players[step.get("s", 0)] = fresh
        later = (s["id"] for s in self.case["scenarios"] if s["id"] not in self.players)
        self.players[next(later, step.get("s", 0))] = fresh

    def op_setLanguage(self, player: Player, step: dict[str, Any]) -> None:
        player.interview.language = step["args"][0]

    def op_attributeOf(self, player: Player, step: dict[str, Any]) -> None:
        node = player.interview._tree.find(step["args"][0])
        got = node.attribute(step["args"][1])
        if got != step["result"]["value"]:
            raise Mismatch(f"attribute {got!r}")

    def op_getInstanceNode(self, player: Player, step: dict[str, Any]) -> None:
        result = step["result"]
        path = step["args"][0]
        if result["nodeType"].startswith("repeat-range"):
            return
        state = player.interview.get(path)
        for name in ("relevant", "required", "readonly"):
            if name in result and getattr(state, name) != result[name]:
                raise Mismatch(f"{path} {name} is {getattr(state, name)}")
        for check in step.get("asserts", ()):
            self.check_appearance(state.appearance, check)

    def check_appearance(self, appearance: str, check: dict[str, Any]) -> None:
        if check.get("m") == "toHaveAppearance" and check["expected"][0] not in appearance.split():
            raise Mismatch(f"appearance {appearance!r}")
        if check.get("m") == "toYieldAppearances" and check["expected"]:
            wanted = [word for word in check["expected"][0] if word in appearance.split()]
            if not wanted and appearance:
                raise Mismatch(f"appearance {appearance!r}")

    def op_getAnswerNode(self, player: Player, step: dict[str, Any]) -> None:
        result = step["result"]
        node = player.interview._tree.find(step["args"][0].replace("[0]", "[1]"))
        if node.relevant != result["relevant"]:
            raise Mismatch(f"relevant: {node.relevant}")
        if not node.field.children and (result.get("value") or "") != node.value():
            if not isinstance(result.get("value"), dict):
                raise Mismatch(f"value {node.value()!r}, recorded {result.get('value')!r}")

    def op_getValidationOutcome(self, player: Player, step: dict[str, Any]) -> None:
        result = step["result"]
        broken = player.interview.violations()
        if not result["ref"]:
            if broken:
                raise Mismatch(f"broken: {broken[0]}")
            return
        if not broken:
            raise Mismatch("nothing is broken")
        self.same_ref(broken[0].path, result["ref"])

    def op_getQuestionLabel(self, player: Player, step: dict[str, Any]) -> None:
        self.same_label(player, step, "label")

    def op_getQuestionLabelText(self, player: Player, step: dict[str, Any]) -> None:
        self.same_label(player, step, "label")

    def op_getQuestionHint(self, player: Player, step: dict[str, Any]) -> None:
        self.same_label(player, step, "hint")

    def same_label(self, player: Player, step: dict[str, Any], part: str) -> None:
        state = player.interview.get(step["args"][0]["assertCurrentReference"])
        result = step["result"]
        wanted = result["value"] if isinstance(result, dict) else result
        if getattr(state, part).split() != wanted.split():
            raise Mismatch(f"{part} {getattr(state, part)!r}, recorded {wanted!r}")

    def op_proposed_getAvailableOptionLabels(self, player: Player, step: dict[str, Any]) -> None:
        choices = player.interview.choices(step["args"][0]["assertCurrentReference"])
        if [c.label for c in choices] != step["result"]:
            raise Mismatch(f"labels {[c.label for c in choices]}")

    def op_proposed_getSelectedOptionLabelsAsText(
        self, player: Player, step: dict[str, Any]
    ) -> None:
        path = step["args"][0]["assertCurrentReference"]
        chosen = player.interview.value(path).split()
        labels = [c.label for c in player.interview.choices(path) if c.value in chosen]
        if labels != step["result"]:
            raise Mismatch(f"labels {labels}")

    def op_proposed_canCreateOrRemoveRepeat(self, player: Player, step: dict[str, Any]) -> None:
        try:
            player.interview.add_repeat(step["args"][0])
            can = True
        except CairnError:
            can = False
        if can != step["result"]:
            raise Mismatch(f"can add: {can}")

    # ---- keeping and sending

    def op_serializeAndDeserializeForm(self, player: Player, step: dict[str, Any]) -> None:
        form = load_form(dump_form(player.interview.form))
        draft = player.interview.snapshot()
        copy = self.player(
            player.form_xml, Interview.restore(form, draft, **self.options(restoring=True))
        )
        self.players[step.get("new_scenario", -1)] = copy

    def op_serializeAndDeserializeInstance(self, player: Player, step: dict[str, Any]) -> None:
        self.derive(player, step, editing=False)

    op_proposed_serializeAndRestoreInstanceState = op_serializeAndDeserializeInstance

    def op_restoreWebFormsInstanceState(self, player: Player, step: dict[str, Any]) -> None:
        if "threw" in step:
            raise Mismatch("the recording does not say what was restored")
        # What was restored is not recorded; what it became is, and must come out unchanged.
        number = step["new_scenario"]
        scenario = next(s for s in self.case["scenarios"] if s["id"] == number)
        scenario.setdefault("edit_instance", scenario["initial_instance"])
        self.derive(player, step, editing=False)

    def op_editCurrentInstance(self, player: Player, step: dict[str, Any]) -> None:
        self.derive(player, step, editing=True)

    def derive(self, player: Player, step: dict[str, Any], *, editing: bool) -> None:
        number = step["new_scenario"]
        scenario = next(s for s in self.case["scenarios"] if s["id"] == number)
        source = (scenario["form_xml"] or player.form_xml.decode()).encode()
        form = read_form(source)
        edited = scenario.get("edit_instance")
        if edited:
            again = Interview.from_instance_xml(
                form, edited, editing=editing, **self.options(restoring=True)
            )
        elif editing:
            xml = player.interview.instance_xml()
            again = Interview.from_instance_xml(
                form, xml, editing=True, **self.options(restoring=True)
            )
        else:
            again = Interview.restore(
                form, player.interview.snapshot(), **self.options(restoring=True)
            )
        copy = self.player(source, again)
        self.players[number] = copy
        self.compare_instance(copy, scenario.get("initial_instance"), f"derived at {step['i']}")

    def op_proposed_serializeInstance(self, player: Player, step: dict[str, Any]) -> None:
        self.compare_instance(player, step["result"], "serialized")

    def op_prepareWebFormsInstancePayload(self, player: Player, step: dict[str, Any]) -> None:
        if "threw" in step:
            raise Mismatch("payload options are not ours")
        status = step["result"]["status"]
        broken = player.interview.violations()
        if (status == "ready") != (not broken):
            raise Mismatch(f"status {status}, broken {broken}")
        for check in step.get("asserts", ()):
            if check.get("m") == "toHavePreparedSubmissionXML":
                self.compare_instance(player, check["expected"][0], "prepared")

    # ---- comparing instances

    def compare_instance(self, player: Player, xml: Any, when: str) -> None:
        if not isinstance(xml, str) or not xml.strip().startswith("<"):
            return
        wanted = _flat(parse_xml(xml).kids[0])
        got = _flat(parse_xml(player.interview.instance_xml()).kids[0])
        if self.java and "jr:count" in player.form_xml.decode():
            # JavaRosa makes counted instances when somebody gets to them; values are compared.
            return
        chance = {
            f.path
            for f in player.interview.form.fields.values()
            if _CHANCE.search(f.calculate) or f.preload[0]
        }
        has_meta = any("/meta" in f for f in player.interview.form.fields)
        controls = player.interview._program.controls
        sets = {path for path, control in controls.items() if control.kind == "select"}
        ours = _comparable(got, chance, sets, has_meta=has_meta)
        theirs = _comparable(wanted, chance, sets, has_meta=has_meta)
        if not _same_rows(ours, theirs) and not _CHANCE.search(player.form_xml.decode()):
            differ = [pair for pair in zip(ours, theirs, strict=False) if pair[0] != pair[1]]
            raise Mismatch(
                f"{when}: instance differs at {(differ or [(len(ours), len(theirs))])[0]}"
            )


def _holds(above: Node, node: Node | None) -> bool:
    while node is not None and node is not above:
        node = node.parent
    return node is above


def _verify(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _joined(xml: str) -> str:
    """Character references to the halves of a surrogate pair -> the character itself."""

    def whole(match: re.Match[str]) -> str:
        return chr(0x10000 + (int(match[1]) - 0xD800) * 0x400 + int(match[2]) - 0xDC00)

    return re.sub(r"&#(5[5-6]\d{3});&#(5[6-7]\d{3});", whole, xml)


def _mended(xml: str) -> str:
    """The recorder wrote `<` in attributes as it is; XML wants it escaped."""
    return re.sub(r'="([^"]*)"', lambda m: '="' + m[1].replace("<", "&lt;") + '"', _joined(xml))


def _flat(root: Node) -> list[tuple[str, str]]:
    out: list[tuple[str, str]] = []
    stack = [(root, f"/{root.name}")]
    while stack:
        node, path = stack.pop()
        out.append((path, "" if node.elements() else node.value()))
        stack.extend((kid, f"{path}/{kid.name}") for kid in reversed(node.elements()))
    return out


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _comparable(
    rows: list[tuple[str, str]], chance: set[str], sets: set[str], *, has_meta: bool
) -> list[tuple[str, str]]:
    out = []
    for path, written in rows:
        text = written
        if "/meta" in path and (not has_meta or "nstanceID" in path or "deprecatedID" in path):
            continue
        if path.endswith("/meta"):
            continue
        if path in sets:
            # What several choices were made is a set; engines order it differently.
            text = " ".join(sorted(text.split()))
        out.append((path, "*" if path in chance else _plain_numbers(text)))
    return out


def _plain_numbers(text: str) -> str:
    """JavaRosa writes every number of a place with a decimal, and ends shapes with nothing."""
    return re.sub(r"(?<=\d)\.0(?=[ ;]|$)", "", text.strip().rstrip(";")).replace("; ", ";")


def _same_rows(ours: list[tuple[str, str]], theirs: list[tuple[str, str]]) -> bool:
    return len(ours) == len(theirs) and all(
        a[0] == b[0] and (a[1] == b[1] or _same_number(a[1], b[1]))
        for a, b in zip(ours, theirs, strict=True)
    )


def _same_number(got: str, wanted: str) -> bool:
    if _plain_numbers(got) == _plain_numbers(wanted):
        return True
    try:
        return abs(float(got) - float(wanted)) < 1e-6 * max(1.0, abs(float(wanted)))
    except ValueError:
        return False


def _answer_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, list):
        return " ".join(_answer_text(one) for one in value)
    if isinstance(value, dict):
        if "latitude" in value:
            parts = [value["latitude"], value["longitude"]]
            if "altitude" in value or "accuracy" in value:
                parts.append(value.get("altitude", 0))
            if "accuracy" in value:
                parts.append(value["accuracy"])
            return " ".join(str(part) for part in parts)
        if value.get("$type") == "File":
            return _FILE
        return str(value.get("bigint", value.get("value", "")))
    return str(value)


def _attachments(recorded: dict[str, Any]) -> dict[str, Instance]:
    found: dict[str, Instance] = {}
    for url, response in recorded.items():
        name = url.rpartition("/")[2]
        if isinstance(response, dict) and response.get("status", 200) != 200:
            continue
        body = response["body"] if isinstance(response, dict) else response
        try:
            found[name] = read_attachment(name, io.BytesIO(body.encode()).getvalue())
        except CairnError:
            # A file that cannot be read is as good as one that is missing.
            continue
    return found


def replay(case: dict[str, Any]) -> str:
    """Return "" if a recording plays as recorded, else the first difference."""
    return Replay(case).run()
