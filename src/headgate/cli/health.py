"""`doctor`: what is wrong with a project, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.exceptions import Exit

from headgate.cli.console import answer
from headgate.cli.options import examples, json_option, project_option

if TYPE_CHECKING:
    from headgate.serve.doctor import Finding
    from headgate.settings import Settings


@click.command("doctor", epilog=examples("headgate doctor", "headgate doctor --repair sales"))
@click.option("--repair", metavar="FLOW", help="Publish all of a flow again, under a new epoch.")
@project_option
@json_option
def doctor(*, repair: str | None, project: Path | None, as_json: bool) -> None:
    """Look the project over; each finding comes with the next step. Ends with 1 where something is wrong.

    --repair is for tables that were restored or lost commits: every delivery of the flow is checked and published again
    from the vault, under a new epoch, so that the transactions of before do not count.
    """
    from headgate.cli.failures import FAILED
    from headgate.settings import project_settings

    settings = project_settings(project)
    repaired = _repair(settings, repair) if repair else None
    findings = _examine(settings)
    document: dict[str, Any] = {
        "ok": all(finding.ok for finding in findings),
        "findings": [
            {"check": one.check, "ok": one.ok, "found": one.found, "next": one.next or None} for one in findings
        ],
        "repaired": repaired,
    }
    lines = [
        f"{'ok    ' if one.ok else 'WRONG '} {one.check}: {one.found}" + (f". Next: {one.next}" if one.next else "")
        for one in findings
    ]
    if repaired:
        told = f"Epoch {repaired['epoch']} of {repair}: {repaired['deliveries']:,} deliveries were published again."
        lines.insert(0, told)
    answer(document, lines, as_json=as_json)
    if not document["ok"]:
        raise Exit(FAILED)


def _examine(settings: Settings) -> list[Finding]:
    from headgate.cli.opening import opened, opened_to_read
    from headgate.core.errors import HeadgateError
    from headgate.operations import require_tables
    from headgate.project import load_flow
    from headgate.serve.doctor import Finding, examine
    from headgate.wiring import open_cases

    findings = []
    for place in sorted(settings.flows.glob("*/flow.yaml")):
        name = place.parent.name
        try:
            flow = load_flow(place.parent)
            found = f"contract {flow.contract.id} {flow.contract.version}, {len(flow.contract.rules)} rules"
            findings.append(Finding(check=f"flow {name}", ok=True, found=found))
        except (HeadgateError, OSError) as error:
            step = f"put it right, then `headgate contract lint {name}`"
            findings.append(Finding(check=f"flow {name}", ok=False, found=str(error), next=step))
    sound = bool(findings) and all(finding.ok for finding in findings)
    if not findings:
        step = "`headgate init . --flow sales` writes one that ships"
        findings.append(Finding(check="flows", ok=False, found=f"{settings.flows} holds none", next=step))
    with opened(settings) if sound else opened_to_read(settings) as found_project:
        platform = found_project.platform
        platform.secrets.public_keys()
        cases = open_cases(settings)
        try:
            findings += examine(platform, keys=Path(settings.keys), require=require_tables, cases=cases)
        finally:
            cases.close()
    return findings


def _repair(settings: Settings, name: str) -> dict[str, Any]:
    from headgate import operations
    from headgate.cli.found_files import require_flow
    from headgate.cli.opening import opened

    require_flow(settings, name)
    with opened(settings) as found:
        epoch, count = operations.repair(found.platform, found.platform.flows[name], reason="doctor --repair")
        result = operations.run(found.platform, [], reports=settings.reports)
    return {"flow": name, "epoch": epoch, "deliveries": count, "run": result.id}
