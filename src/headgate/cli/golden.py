"""`test`: the golden cases of a flow."""

from __future__ import annotations

from pathlib import Path

import click
from click.exceptions import Exit

from headgate.cli.console import answer
from headgate.cli.options import examples, flow_argument, json_option, project_option


@click.command("test", epilog=examples("headgate test sales", "headgate test sales --case refunds --json"))
@flow_argument
@click.option("--case", help="Only cases whose file's name holds this.")
@project_option
@json_option
def run_cases(flow: str, *, case: str | None, project: Path | None, as_json: bool) -> None:
    """Run a flow's golden cases (flows/FLOW/cases/*.yaml) through the real steps. Ends with 1 where one breaks."""
    from headgate.cli.failures import FAILED
    from headgate.cli.found_files import require_flow
    from headgate.cli.golden_cases import case_files, run_case
    from headgate.memo_file import opened_memo
    from headgate.settings import project_settings

    settings = project_settings(project)
    require_flow(settings, flow)
    with opened_memo(settings) as memo:
        results = [run_case(place, settings.flows / flow, memo) for place in case_files(settings.flows / flow, case)]
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
        raise Exit(FAILED)
