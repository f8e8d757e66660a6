"""The commands themselves: one verb each, human words or `--json`."""

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from mobile_client.commands import console, headless
from mobile_client.commands.console import Options, explained, show
from mobile_client.commands.operations import Operations
from mobile_client.commands.script import SetClock, run_script
from mobile_client.presenters.upgrades import UpgradeView
from mobile_client.services.hub_search import WAIT_S, FoundHubs

app = typer.Typer(
    help="Collect on this device: enrol, fill, finalize, hand over. The passphrase comes from a "
    "prompt, from --passphrase-fd or from CAIRN_PASSPHRASE, never from an argument.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Json = Annotated[bool, typer.Option("--json", help="print JSON for a script")]
WaitOption = Annotated[float, typer.Option(help="seconds to listen for hubs")]
AnswersOption = Annotated[Path, typer.Option("--answers", help="answers as JSON; - is stdin")]


@app.callback()
def options(
    context: typer.Context,
    home: Annotated[Path, typer.Option(envvar="CAIRN_HOME", help="the device's folder")],
    enumerator: Annotated[
        str, typer.Option("--as", envvar="CAIRN_ENUMERATOR", help="whose vault, by name")
    ] = "",
    passphrase_fd: Annotated[
        int | None, typer.Option(help="file descriptor to read the passphrase from")
    ] = None,
) -> None:
    """Collect on this device."""
    context.obj = Options(home, enumerator, passphrase_fd)


@app.command()
def enrol(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="the coordinator's code, or - for stdin")],
    name: Annotated[str, typer.Option(help="the first enumerator, by code or name")],
    label: Annotated[str, typer.Option(help="what the coordinator's list calls this device")],
    suite: Annotated[int, typer.Option(help="2: post-quantum hybrid, 1: X25519")] = 2,
    as_json: Json = False,
) -> None:
    """Join a project with an enrolment code and make the first vault."""
    with explained(), console.opened(context.obj, suite=suite) as client:
        text = typer.get_text_stream("stdin").read() if code == "-" else code
        client.join(text, label, name, console.passphrase(context.obj, "New passphrase: "))
        facts = client.facts()
        show(facts, as_json=as_json, text=f"Enrolled in {facts.project} as {facts.author}.")


@app.command("add-enumerator")
def add_enumerator(
    context: typer.Context,
    name: Annotated[str, typer.Option(help="code or name")],
    as_json: Json = False,
) -> None:
    """Make a vault for one more person who shares this device."""
    with explained(), console.opened(context.obj) as client:
        person = client.add_enumerator(name, console.passphrase(context.obj, "New passphrase: "))
        show({"id": person, "name": name}, as_json=as_json, text=f"{name} can unlock now.")


@app.command()
def unlock(context: typer.Context, as_json: Json = False) -> None:
    """Try the passphrase, and finish what a kill interrupted."""
    with explained(), console.unlocked(context.obj) as client:
        counts = client.counts()
        show(counts, as_json=as_json, text=f"Unlocked. {len(client.drafts())} draft(s).")


@app.command()
def fill(
    context: typer.Context,
    form: Annotated[str, typer.Argument(help="form id")],
    answers: Annotated[Path | None, typer.Option(help="answers as JSON; - is stdin")] = None,
    random_seed: Annotated[int | None, typer.Option(help="a made-up respondent")] = None,
    consent: Annotated[str, typer.Option(help="where answers are silent: all, none, P,P")] = "all",
    outcome: Annotated[str, typer.Option(help="draft, finalize, abandon or refuse")] = "draft",
    as_json: Json = False,
) -> None:
    """Fill a form from a file of answers, or at random for training and demonstrations."""
    with explained(), console.unlocked(context.obj) as client:
        request: dict[str, Any] = {"form": form, "consent": consent, "outcome": outcome}
        if random_seed is not None:
            request["seed"] = random_seed
        elif answers is not None:
            content = console.read_json(answers)
            request["answers"] = headless.answers_file(answers, content)
        filled = Operations(client).fill(request)
        show(filled, as_json=as_json, text=_filled_text(filled))


def _filled_text(filled: headless.Filled) -> str:
    match filled.outcome:
        case "finalized":
            slip = f" Slip for the respondent: {filled.code}" if filled.code else ""
            return f"Sealed record {filled.record_id}.{slip}"
        case "draft":
            return f"Draft {filled.draft_id} is kept."
        case _:
            return f"Counted as {filled.outcome}; nothing else is kept."


@app.command("list")
def list_all(context: typer.Context, as_json: Json = False) -> None:
    """List forms, drafts, records, slips not yet given, and the lists that forms read."""
    with explained(), console.unlocked(context.obj) as client:
        listing = Operations(client).listing({})
        lines = [f"form   {row['form_id']}  {row['title']}" for row in listing["forms"]]
        lines += [f"draft  {row['draft_id']}  {row['title']}" for row in listing["drafts"]]
        lines += [f"record {row['record_id']}  {row['state']}" for row in listing["records"]]
        lines += [
            f"list   {row['name']}  version {row['serial']}  {row['digest'][:8]}"
            for row in listing["lists"]
        ]
        show(listing, as_json=as_json, text="\n".join(lines) or "Nothing here yet.")


@app.command()
def finalize(
    context: typer.Context,
    draft: Annotated[str, typer.Argument(help="draft id; without it every ready draft")] = "",
    as_json: Json = False,
) -> None:
    """Seal a draft, or all that are ready."""
    with explained(), console.unlocked(context.obj) as client:
        sealed = Operations(client).finalize({"draft_id": draft} if draft else {})
        show(sealed, as_json=as_json, text=f"Sealed {len(sealed)} record(s).")


@app.command()
def edit(
    context: typer.Context,
    record: Annotated[str, typer.Argument(help="record id, of an assigned case")],
    answers: AnswersOption,
    as_json: Json = False,
) -> None:
    """Correct an assigned case and seal the correction."""
    with explained(), console.unlocked(context.obj) as client:
        pairs = headless.answers_file(answers, console.read_json(answers))
        request = {"record_id": record, "answers": pairs, "outcome": "finalize"}
        filled = Operations(client).edit(request)
        show(filled, as_json=as_json, text=_filled_text(filled))


@app.command()
def withdraw(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="the code on the respondent's slip")],
    as_json: Json = False,
) -> None:
    """Take a withdrawal by the code on a slip, from this device or any other."""
    with explained(), console.unlocked(context.obj) as client:
        client.withdraw(code)
        show({"kept": True}, as_json=as_json, text="The withdrawal is kept; hand over soon.")


@app.command()
def sync(
    context: typer.Context,
    to: Annotated[
        str, typer.Option(help="a server's URL, a hub's code, or `hub`: one found here")
    ] = "",
    bundle: Annotated[Path | None, typer.Option(help="write everything into one file")] = None,
    from_bundle: Annotated[Path | None, typer.Option(help="apply a file that came back")] = None,
    wait: WaitOption = WAIT_S,
    as_json: Json = False,
) -> None:
    """Hand over sealed records; needs no passphrase but to open a bundle that came back."""
    with explained(), console.opened(context.obj) as client:
        if from_bundle is not None:
            console.unlock(client, context.obj)
        request = {"to": to, "bundle": bundle, "from_bundle": from_bundle, "wait_s": wait}
        done = Operations(client).sync(request)
        counts = done["counts"]
        text = (
            f"On this device {counts['on_device']}, handed over {counts['handed_over']}, "
            f"received {counts['received']}."
        )
        show(done, as_json=as_json, text=text)


@app.command("find-hubs")
def find_hubs(context: typer.Context, wait: WaitOption = WAIT_S, as_json: Json = False) -> None:
    """List the hubs on this network, and why one cannot be used; needs no passphrase."""
    with explained(), console.opened(context.obj) as client:
        found = Operations(client).find_hubs({"wait_s": wait})
        show(found, as_json=as_json, text=_found_text(found))


def _found_text(found: FoundHubs) -> str:
    lines = [
        f"{hub.label or 'Hub'}  {', '.join(hub.addresses)}  "
        + (hub.why_not or f"known by its {hub.known_by}: sync --to hub")
        for hub in found.hubs
    ]
    lines += [f"Passed over: {why}." for why in found.ignored]
    if not found.hubs:
        lines.append(
            found.notice
            or "No hub of this project announces itself here. Scan or paste a hub's code, or take "
            "a stick."
        )
    return "\n".join(lines)


@app.command()
def status(context: typer.Context, as_json: Json = False) -> None:
    """Tell what waits on this device; needs no passphrase."""
    with explained(), console.opened(context.obj) as client:
        state = Operations(client).status({})
        counts = state["counts"]
        text = (
            f"{state['facts']['project'] or 'Not enrolled'}: on this device "
            f"{counts['on_device']}, handed over {counts['handed_over']}, received "
            f"{counts['received']}."
        )
        show(state, as_json=as_json, text=text)


packages_app = typer.Typer(
    help="New versions of the app: show, fetch, save, install. Needs no passphrase.",
    invoke_without_command=True,
)
app.add_typer(packages_app, name="packages")


@packages_app.callback()
def packages(context: typer.Context, as_json: Json = False) -> None:
    """Tell which version runs, which is needed, and what is on offer."""
    if context.invoked_subcommand is None:
        with explained(), console.opened(context.obj) as client:
            view = client.upgrade()
            show(view, as_json=as_json, text=_upgrade_text(view))


@packages_app.command("fetch")
def packages_fetch(context: typer.Context, as_json: Json = False) -> None:
    """Have the new version loaded with the next hand-overs, behind all records."""
    with explained(), console.opened(context.obj) as client:
        view = client.fetch_upgrade()
        show(view, as_json=as_json, text=_upgrade_text(view))


@packages_app.command("take")
def packages_take(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="the package, from a stick")],
    as_json: Json = False,
) -> None:
    """Take the new version from a file, if it is the very one that was announced."""
    with explained(), console.opened(context.obj) as client:
        view = client.take_upgrade(file)
        show(view, as_json=as_json, text=_upgrade_text(view))


@packages_app.command("save")
def packages_save(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="the file or folder to write")],
    as_json: Json = False,
) -> None:
    """Write the new version as a file, verified by size and SHA-256."""
    with explained(), console.opened(context.obj) as client:
        saved = client.save_upgrade(file)
        show({"file": saved}, as_json=as_json, text=f"Verified and saved as {saved}.")


@packages_app.command("install")
def packages_install(context: typer.Context, as_json: Json = False) -> None:
    """Verify the new version and say how the system installs it."""
    with explained(), console.opened(context.obj) as client:
        done = client.install_upgrade()
        todo = f"To install it, run: {done.command}" if done.command else "Open it to install it."
        show(done, as_json=as_json, text=f"Verified and saved as {done.path}. {todo}")


def _upgrade_text(view: UpgradeView) -> str:
    lines = [f"This is version {view.installed}."]
    if view.needed:
        lines.append(
            f"Version {view.minimum} is needed: no new interviews begin until it is installed; "
            "drafts and hand-over go on."
        )
    if not view.offered:
        lines.append("Nothing newer is on offer for this device.")
        return "\n".join(lines)
    lines.append(f"Version {view.version} is on offer: {view.changes}")
    if view.barred:
        lines.append(f"It cannot be installed here: {view.barred}.")
    elif view.whole:
        lines.append("It is on this device: packages install, or packages save FILE.")
    elif view.asked:
        lines.append(f"{view.received} of {view.size} bytes are here; the next hand-over goes on.")
    else:
        lines.append(f"It has {view.size} bytes: packages fetch, then sync; or packages take FILE.")
    return "\n".join(lines)


@app.command()
def script(context: typer.Context) -> None:
    """Work through JSON lines on stdin, one reply a line: docs/guides/enumerator.md."""
    with explained(), console.opened(context.obj, clock=SetClock) as client:
        run_script(client, context.obj)


@app.command()
def run(context: typer.Context) -> None:
    """Open the window."""
    window: Any = import_module("mobile_client.main")
    window.main(context.obj.home)
