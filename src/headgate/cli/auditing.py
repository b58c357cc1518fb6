"""`audit`: the log of all events, verified, exported and anchored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.exceptions import Exit

from headgate.cli.console import answer
from headgate.cli.keys import key_option, trusted_keys
from headgate.cli.options import Group, examples, json_option, project_option

if TYPE_CHECKING:
    from headgate.core.log_audit import LogReport
    from headgate.serve.audit import Kept


audit = Group("audit", help="The log of all events, and what its checkpoints prove.")


@audit.command(
    "verify",
    epilog=examples(
        "headgate audit verify",
        "headgate audit verify --since checkpoint.txt",
        "headgate audit verify --events events.ndjson --anchor checkpoints.txt --key public.json   without a project",
    ),
)
@click.option("--since", metavar="FILE", type=Path, help="A checkpoint that you trust.")
@key_option
@click.option("--anchor", metavar="FILE", type=Path, help="Checkpoints; default: the project's anchor.")
@click.option("--events", metavar="FILE", type=Path, help="Exported events: no project is needed.")
@click.option("--bytes", "read_bytes", is_flag=True, help="Also compute the SHA-256 of every raw file.")
@project_option
@json_option
def verify_audit(
    *,
    since: Path | None,
    key: Path | None,
    anchor: Path | None,
    events: Path | None,
    read_bytes: bool,
    project: Path | None,
    as_json: bool,
) -> None:
    """Verify the log against its signed checkpoints, and that raw files and receipts are there. Ends with 1 if not."""
    from headgate.cli.failures import FAILED
    from headgate.cli.opening import opened_to_read
    from headgate.core.errors import UsageError
    from headgate.serve.audit import look_at_kept, read_notes, verify_files, verify_project
    from headgate.settings import project_settings

    trusted = read_notes(since)[-1] if since else None
    notes = read_notes(anchor) if anchor else None
    keys = trusted_keys(key, project)
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
        raise Exit(FAILED)


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


@audit.command("export", epilog=examples("headgate audit export --output evidence"))
@click.option("--output", "-o", metavar="DIR", type=Path, default=Path("evidence"), help="Folder for the files.")
@project_option
@json_option
def export(*, output: Path, project: Path | None, as_json: bool) -> None:
    """Write events, checkpoints and public keys as files that an auditor verifies without the project."""
    import json

    from headgate.cli.opening import opened_to_read
    from headgate.serve.audit import export_log
    from headgate.settings import project_settings

    with opened_to_read(project_settings(project)) as opened:
        events, checkpoints, count = export_log(opened.platform, output)
        keys = output / "public.json"
        keys.write_text(json.dumps(opened.platform.secrets.public_keys(), indent=2) + "\n", encoding="utf-8")
    document = {"events": str(events), "checkpoints": str(checkpoints), "keys": str(keys), "count": count}
    told = f"headgate audit verify --events {events} --anchor {checkpoints} --key {keys}"
    answer(document, [f"{count:,} events in {events}", f"Verify them anywhere: {told}"], as_json=as_json)


@audit.command("checkpoint", epilog=examples("headgate audit checkpoint > checkpoint.txt"))
@project_option
@json_option
def checkpoint(*, project: Path | None, as_json: bool) -> None:
    """Sign and anchor the log's head, and print it: give it to somebody who keeps it out of your reach."""
    from headgate.archive.anchoring import anchor
    from headgate.cli.opening import opened_to_read
    from headgate.core.errors import NotFoundError
    from headgate.settings import project_settings

    with opened_to_read(project_settings(project)) as opened:
        signed = anchor(opened.platform)
        size = opened.platform.ledger.log_size()
    if signed is None:
        raise NotFoundError("the log has no event yet. Next: `headgate run FILE …`.")
    answer({"events": size, "checkpoint": signed}, [signed.removesuffix("\n")], as_json=as_json)
