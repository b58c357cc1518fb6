"""`report`: the report of a run, made again."""

from __future__ import annotations

from pathlib import Path

import click

from headgate.cli.console import answer
from headgate.cli.options import examples, json_option, project_option


@click.command(
    "report", epilog=examples("headgate report --last", "headgate report r-20261120-080000-7f3a --output again")
)
@click.argument("run", metavar="[RUN]", required=False, help="Id of the run.")
@click.option("--last", is_flag=True, help="The last run that published.")
@click.option("--output", "-o", metavar="DIR", type=Path, help="Default: the project's reports.")
@project_option
@json_option
def report(run: str | None, *, last: bool, output: Path | None, project: Path | None, as_json: bool) -> None:
    """Make the report of a run again: the same bytes, from what was kept with the run and the tables as they were."""
    from headgate.cli.opening import opened_to_read
    from headgate.core.errors import UsageError
    from headgate.serve.run_report import find_run, kept_of, make_run_report, write_report
    from headgate.settings import project_settings

    if (run is None) is not last:
        raise UsageError("name one RUN, or the last one with --last.")
    settings = project_settings(project)
    made = []
    with opened_to_read(settings) as opened:
        found = find_run(opened.platform, run)
        for flow, kept in kept_of(found).items():
            page, document = write_report(make_run_report(opened.platform, kept), found.id, output or settings.reports)
            made.append({"flow": flow, "page": str(page), "document": str(document)})
    answer({"run": found.id, "reports": made}, [f"Report: {one['page']}" for one in made], as_json=as_json)
