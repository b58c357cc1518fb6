"""`receipt`, `audit`, `keys`: what is proven, and by which keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headgate.cli.console import answer, columns
from headgate.cli.options import AsJson, ProjectFolder, add, add_group

if TYPE_CHECKING:
    from headgate.core.log_audit import LogReport
    from headgate.core.signing_keys import PublicKey
    from headgate.serve.audit import Kept

SHOWN = 100  # characters of a value
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key", metavar="FILE", help="Public keys: public.json or verifier keys, one a line; default: the project's."
    ),
]


def register(app: typer.Typer) -> None:
    """Enter the commands of this file."""
    receipt = add_group(app, "receipt", "The signed statement about one delivery.")
    add(receipt, "show", show_receipt, "headgate receipt show d-b2df4ad8b8cf2f17")
    add(
        receipt,
        "verify",
        verify_receipt,
        "headgate receipt verify receipts/d-b2df4ad8b8cf2f17.json",
        "headgate receipt verify d-b2df4ad8b8cf2f17.json --key public.json     without a project",
    )
    audit = add_group(app, "audit", "The log of all events, and what its checkpoints prove.")
    add(
        audit,
        "verify",
        verify_audit,
        "headgate audit verify",
        "headgate audit verify --since checkpoint.txt",
        "headgate audit verify --events events.ndjson --anchor checkpoints.txt --key public.json   without a project",
    )
    add(audit, "export", export, "headgate audit export --output evidence")
    add(audit, "checkpoint", checkpoint, "headgate audit checkpoint > checkpoint.txt")
    keys = add_group(app, "keys", "The keys that sign receipts and checkpoints.")
    add(keys, "list", list_keys, "headgate keys list")
    add(keys, "rotate", rotate, "headgate keys rotate")


def show_receipt(
    delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="Its id, or the beginning of it.")],
    *,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Tell what the newest receipt of a delivery says, and where its file is."""
    import json

    from headgate.cli.opening import opened_to_read, project_settings
    from headgate.core.errors import NotFoundError
    from headgate.serve.deliveries import one_delivery, receipt_file

    settings = project_settings(project)
    with opened_to_read(settings) as opened:
        one = one_delivery(opened.platform, delivery)
        receipts = opened.platform.ledger.receipts((one.id,))
    if not receipts:
        raise NotFoundError(f"delivery {one.id} is {one.state} and has no receipt; only what is published or held has.")
    body = json.loads(receipts[-1].body)
    place = settings.receipts / receipt_file(receipts[-1])
    lines = [f"{place}", *columns([(name, _short(value)) for name, value in body.items()])]
    answer({"file": str(place), "sha256": receipts[-1].sha256, "body": body}, lines, as_json=as_json)


def _short(value: object) -> str:
    import json

    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def verify_receipt(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The receipt.")],
    *,
    key: KeyFile = None,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Verify a receipt: signature, event, place in the log, checkpoint. Needs the file and the public keys alone."""
    from headgate.core.errors import UsageError
    from headgate.core.receipts import verify_receipt as verify

    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error}") from error
    proven = verify(content, _keys(key, project))
    document = {
        "proven": True,
        "body": dict(proven.body),
        "event": proven.index,
        "log": proven.checkpoint.origin,
        "events": proven.checkpoint.size,
        "signer": proven.signer.label,
        "checkpoint_signers": [signer.label for signer in proven.checkpoint_signers],
    }
    log = f"the log {proven.checkpoint.origin} of {proven.checkpoint.size:,} events"
    told = f"Proven: {proven.signer.label} said this, and {log} has it as event {proven.index:,}."
    lines = columns([(name, _short(value)) for name, value in proven.body.items()])
    answer(document, [told, *lines], as_json=as_json)


def verify_audit(
    *,
    since: Annotated[Path | None, typer.Option("--since", metavar="FILE", help="A checkpoint that you trust.")] = None,
    key: KeyFile = None,
    anchor: Annotated[
        Path | None, typer.Option("--anchor", metavar="FILE", help="Checkpoints; default: the project's anchor.")
    ] = None,
    events: Annotated[
        Path | None, typer.Option("--events", metavar="FILE", help="Exported events: no project is needed.")
    ] = None,
    read_bytes: Annotated[bool, typer.Option("--bytes", help="Also compute the SHA-256 of every raw file.")] = False,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Verify the log against its signed checkpoints, and that raw files and receipts are there. Ends with 1 if not."""
    from headgate.cli.failures import FAILED
    from headgate.cli.opening import opened_to_read, project_settings
    from headgate.core.errors import UsageError
    from headgate.serve.audit import look_at_kept, read_notes, verify_files, verify_project

    trusted = read_notes(since)[-1] if since else None
    notes = read_notes(anchor) if anchor else None
    keys = _keys(key, project)
    kept = None
    if events is not None:
        if notes is None:
            raise UsageError("--events needs the checkpoints too. Next: give them with --anchor FILE.")
        report = verify_files(events, notes, keys, since=trusted)
    else:
        with opened_to_read(project_settings(project)) as opened:
            report = verify_project(opened.platform, keys, notes=notes, since=trusted)
            kept = look_at_kept(opened.platform, read_bytes=read_bytes)
    answer(_audit_document(report, kept), list(_audit_lines(report, kept)), as_json=as_json)
    if not report.ok or (kept is not None and not kept.ok):
        raise typer.Exit(FAILED)


def _audit_document(report: LogReport, kept: Kept | None) -> dict[str, Any]:
    return {
        "ok": report.ok and (kept is None or kept.ok),
        "events": report.size,
        "root": report.root.hex(),
        "checkpoints": report.fitting,
        "unanchored": report.unanchored,
        "findings": [
            {
                "fault": finding.fault.value,
                "message": finding.message,
                "first_event": finding.first_event,
                "last_event": finding.last_event,
            }
            for finding in report.findings
        ],
        "kept": None
        if kept is None
        else {
            "objects": kept.objects,
            "missing": list(kept.missing),
            "changed": list(kept.changed),
            "receipts_missing": list(kept.receipts_missing),
        },
    }


def _audit_lines(report: LogReport, kept: Kept | None) -> Iterator[str]:
    proven = "all of them proven" if report.complete else f"{report.unanchored:,} of them not anchored"
    if report.ok:
        yield f"The log has {report.size:,} events, {proven}; {report.fitting:,} checkpoints fit."
    for finding in report.findings:
        yield f"{finding.fault}: {finding.message}"
    if report.ok and report.unanchored:
        yield "A command was killed, or somebody appended. Next: look at the last events, `headgate audit checkpoint`."
    if kept is None:
        return
    there = kept.objects - len(kept.missing) - len(kept.changed)
    yield f"The bytes of {there:,} of {kept.objects:,} deliveries are there."
    yield from (f"bytes missing: delivery {one}" for one in kept.missing)
    yield from (f"bytes changed: delivery {one}" for one in kept.changed)
    yield from (f"receipt missing: {name}" for name in kept.receipts_missing)


def export(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the files.")] = Path(
        "evidence"
    ),
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Write events, checkpoints and public keys as files that an auditor verifies without the project."""
    import json

    from headgate.cli.opening import opened_to_read, project_settings
    from headgate.serve.audit import export_log

    with opened_to_read(project_settings(project)) as opened:
        events, checkpoints, count = export_log(opened.platform, output)
        keys = output / "public.json"
        keys.write_text(json.dumps(opened.platform.secrets.public_keys(), indent=2) + "\n", encoding="utf-8")
    document = {"events": str(events), "checkpoints": str(checkpoints), "keys": str(keys), "count": count}
    told = f"headgate audit verify --events {events} --anchor {checkpoints} --key {keys}"
    answer(document, [f"{count:,} events in {events}", f"Verify them anywhere: {told}"], as_json=as_json)


def checkpoint(*, project: ProjectFolder = None, as_json: AsJson = False) -> None:
    """Sign and anchor the log's head, and print it: give it to somebody who keeps it out of your reach."""
    from headgate.archive.anchoring import anchor
    from headgate.cli.opening import opened_to_read, project_settings
    from headgate.core.errors import NotFoundError

    with opened_to_read(project_settings(project)) as opened:
        signed = anchor(opened.platform)
        size = opened.platform.ledger.log_size()
    if signed is None:
        raise NotFoundError("the log has no event yet. Next: `headgate run FILE …`.")
    answer({"events": size, "checkpoint": signed}, [signed.removesuffix("\n")], as_json=as_json)


def list_keys(*, project: ProjectFolder = None, as_json: AsJson = False) -> None:
    """List the public keys, old ones too; the last one signs. Give them to whoever shall verify."""
    from headgate.cli.opening import opened_to_read, project_settings

    with opened_to_read(project_settings(project)) as opened:
        keys = [dict(key) for key in opened.platform.secrets.public_keys()]
    rows = [
        (f"{key['name']}+{key['id']}+{key['base64']}", key["valid_from"], key["valid_until"] or "in force")
        for key in keys
    ]
    answer({"keys": keys}, columns(rows, heads=("verifier key", "from", "until")), as_json=as_json)


def rotate(*, project: ProjectFolder = None, as_json: AsJson = False) -> None:
    """Make a new signing key. The old public key stays known; the old private one is deleted."""
    from headgate.cli.opening import opened_to_read, project_settings
    from headgate.operations import rotate_key

    with opened_to_read(project_settings(project)) as opened:
        key = rotate_key(opened.platform)
    told = [f"From now on {key} signs.", "Next: `headgate keys list`, and give it to those who verify."]
    answer({"id": key}, told, as_json=as_json)


def _keys(path: Path | None, project: Path | None) -> list[PublicKey]:
    """The keys of the file, or of the project that is named or lies upwards."""
    from headgate.cli.opening import project_settings
    from headgate.serve.key_files import read_key_file

    return read_key_file(path or project_settings(project).keys / "public.json")
