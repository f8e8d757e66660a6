"""`cairn forms`: check, convert, describe, play and publish forms."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from server.commands.console import CairnTyper, HomeOption, JsonOption
from server.commands.forms_play import Player
from server.commands.json_lines import serve
from server.commands.xpath import moment, zone
from shared.errors import CairnError, FormError
from shared.forms.cache import dump_form
from shared.forms.check import Checked, Files, check_file
from shared.forms.codebook import codebook_of
from shared.forms.definition import Form
from shared.forms.sources import read_attachment
from shared.forms.xform import read_form
from shared.forms.xlsform import convert as convert_xlsform
from shared.forms.xpath.tables import Instance

app = CairnTyper(
    help="Author forms: check, convert, describe, play, publish.", no_args_is_help=True
)

FormFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="XLSForm (.xlsx, .xls) or XForm (.xml)")
]


def load(path: Path) -> tuple[Form, bytes]:
    """Return a form and its XForm bytes from an XLSForm or XForm file."""
    data = path.read_bytes()
    xform = data if path.suffix.lower() == ".xml" else convert_xlsform(path).xform
    return read_form(xform), xform


def fail(error: CairnError) -> typer.Exit:
    """Print an error's message and return what ends the command."""
    sys.stderr.write(f"{error.code}: {error.message}\n")
    return typer.Exit(1)


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False)],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per file.")] = False,
    media: Annotated[
        Path | None,
        typer.Option(file_okay=False, exists=True, help="Folder of the files it reads."),
    ] = None,
    strict: Annotated[bool, typer.Option(help="Warnings fail too.")] = False,
) -> None:
    """Report every problem at once; exit 1 if a form cannot be published."""
    failed = False
    for path in files:
        checked = check_file(path.name, path.read_bytes(), beside(media or path.parent))
        failed |= not checked.publishable or (strict and bool(checked.problems))
        if as_json:
            sys.stdout.write(json.dumps(_as_json(path, checked), ensure_ascii=False) + "\n")
        else:
            _print(path, checked)
    raise typer.Exit(1 if failed else 0)


def beside(folder: Path) -> Files:
    """Return the files of a folder by name, each read when it is needed."""
    return {path.name: path.read_bytes for path in folder.iterdir() if path.is_file()}


def _as_json(path: Path, checked: Checked) -> dict[str, object]:
    return {
        "file": str(path),
        "publishable": checked.publishable,
        "tablet_load_s": checked.load_s,
        "problems": [asdict(problem) for problem in checked.problems],
    }


def _print(path: Path, checked: Checked) -> None:
    console = Console(highlight=False, soft_wrap=True)
    verdict = "can be published" if checked.publishable else "cannot be published"
    console.print(f"{path.name}: {verdict}; about {checked.load_s} s to load on a tablet")
    for problem in checked.problems:
        console.print(f"  {problem.line()}", markup=False)


@app.command()
def convert(
    file: FormFile,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="XForm to write.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Compiled form to write as well.")] = None,
) -> None:
    """Convert an XLSForm to an XForm."""
    try:
        made = {} if file.suffix.lower() == ".xml" else convert_xlsform(file).files
        form, xform = load(file)
        if cache is not None:
            cache.write_bytes(dump_form(form))
    except FormError as error:
        raise fail(error) from error
    if output is None:
        sys.stdout.buffer.write(xform + b"\n")
    else:
        output.write_bytes(xform)
        for name, data in made.items():
            (output.parent / name).write_bytes(data)


@app.command()
def describe(
    file: FormFile,
    as_json: Annotated[bool, typer.Option("--json", help="The codebook as JSON.")] = False,
) -> None:
    """Show a form's fields with type, disclosure class, merge rule and purposes."""
    try:
        form, _ = load(file)
        codebook = codebook_of(form)
    except FormError as error:
        raise fail(error) from error
    if as_json:
        fields = [asdict(field) for field in codebook.fields()]
        body = {
            "form_id": form.id,
            "version": form.version,
            "title": form.title,
            "hash": form.hash,
            "languages": list(form.languages),
            "basis": form.basis,
            "purposes": list(form.purposes),
            "fields": fields,
        }
        sys.stdout.write(json.dumps(body, ensure_ascii=False) + "\n")
        return
    table = Table(title=f"{form.title} ({form.id} {form.version})")
    for heading in ("field", "kind", "class", "generalise", "merge", "purposes", "choices"):
        table.add_column(heading)
    for field in codebook.fields():
        table.add_row(
            field.path,
            field.kind.value,
            field.disclosure.value,
            field.generalise or "",
            field.merge + (f" ({field.group})" if field.group else ""),
            " ".join(field.purposes),
            str(len(field.choices) or ""),
        )
    Console().print(table)


@app.command()
def publish(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="A form, or what came back signed.")
    ],
    home: HomeOption = Path(),
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The request to write; else beside the form.")
    ] = None,
    media: Annotated[
        Path | None, typer.Option(help="Folder of the files it reads; else beside it.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Take a form one step on: write the request for the steward, or put the signed form in force.

    No form takes force without the root key, which never meets the server.
    """
    # Authors who check and play forms all day need not load a server for it.
    from server.commands.publish import propose_to, put_in_force  # noqa: PLC0415
    from server.governance.exchange import is_exchange  # noqa: PLC0415

    if is_exchange(file):
        put_in_force(file, home, as_json=as_json)
        return
    request = out or file.with_suffix(".request")
    propose_to(file, request, home, media, as_json=as_json)
    signed = request.with_suffix(".signed")
    typer.echo(
        "Next, at the steward's station: "
        f"cairn steward approve-form STATION {request} -o {signed}\n"
        f"Then here: cairn forms publish {signed} --home {home}",
        err=True,
    )


@app.command()
def play(
    file: FormFile,
    attachments: Annotated[
        Path | None, typer.Option(file_okay=False, exists=True, help="Folder of choice files.")
    ] = None,
    tz: Annotated[str | None, typer.Option(help="Time zone, e.g. Africa/Nairobi.")] = None,
    now: Annotated[str | None, typer.Option(help="ISO time to take for the current one.")] = None,
    language: Annotated[str | None, typer.Option(help="One of the form's languages.")] = None,
) -> None:
    """Hold an interview over JSON lines on standard input and output."""
    try:
        form, _ = load(file)
        player = Player(
            form,
            now=moment(now),
            zone=zone(tz),
            random_bytes=os.urandom,
            language=language,
            attachments=_attached(form, attachments),
        )
    except CairnError as error:
        raise fail(error) from error
    serve(player.answer)


def _attached(form: Form, folder: Path | None) -> dict[str, Instance]:
    """Return the choice files of a folder by name; what the form does not name may be anything."""
    if folder is None:
        return {}
    named = {one.source.rpartition("/")[2] for one in form.instances.values()}
    found: dict[str, Instance] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in {".csv", ".xml", ".geojson", ".json"}:
            continue
        # `last-saved` has no ending where the form names it.
        names = [name for name in (path.name, path.stem) if name in named] or [path.name]
        try:
            found[names[0]] = read_attachment(path.name, path.read_bytes())
        except FormError:
            if names[0] in named:
                raise
    return found
