"""`test`: the golden cases of a flow."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate.cli.console import answer
from headgate.cli.options import AsJson, ProjectFolder, add


def register(app: typer.Typer) -> None:
    """Enter the commands of this file."""
    add(app, "test", run_cases, "headgate test sales", "headgate test sales --case refunds --json")


def run_cases(
    flow: Annotated[str, typer.Argument(metavar="FLOW", help="Name of the flow.")],
    *,
    case: Annotated[str | None, typer.Option("--case", help="Only cases whose file's name holds this.")] = None,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Run a flow's golden cases (flows/FLOW/cases/*.yaml) through the real steps. Ends with 1 where one breaks."""
    from headgate.cli.failures import FAILED
    from headgate.cli.found_files import require_flow
    from headgate.cli.golden_cases import case_files, run_case
    from headgate.settings import project_settings

    settings = project_settings(project)
    require_flow(settings, flow)
    results = [run_case(place, settings.flows / flow) for place in case_files(settings.flows / flow, case)]
    broken = sum(bool(one.differences) for one in results)
    document = {
        "flow": flow,
        "cases": [{"file": one.file, "title": one.title, "differences": list(one.differences)} for one in results],
        "broken": broken,
    }
    lines = []
    for one in results:
        lines.append(f"{'BROKEN' if one.differences else 'ok    '} {one.file}: {one.title}")
        lines += [f"         {difference}" for difference in one.differences]
    lines.append(f"{len(results)} case(s), {broken} broken")
    answer(document, lines, as_json=as_json)
    if broken:
        raise typer.Exit(FAILED)
