"""`tables`, `history` and `query`: reading what is published."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from headgate.cli.console import answer, columns, note
from headgate.cli.options import examples, json_option, project_option

MOST_SECONDS = 1_000_000  # of a time limit, as in headgate.toml


@click.command("tables", epilog=examples("headgate tables", "headgate tables --json"))
@project_option
@json_option
def tables(*, project: Path | None, as_json: bool) -> None:
    """List the published tables with their versions and rows."""
    from headgate.cli.opening import opened_to_read
    from headgate.serve.tables import list_tables
    from headgate.settings import project_settings

    with opened_to_read(project_settings(project)) as opened:
        found = list_tables(opened.platform)
    document = [{"name": one.name, "uri": one.uri, "version": one.version, "rows": one.rows} for one in found]
    rows = [(one.name, one.version, one.rows, one.uri) for one in found]
    lines = columns(rows, heads=("table", "version", "rows", "place"), right=(1, 2))
    answer(document, lines if rows else ["No table yet. Next: `headgate run FILE …`."], as_json=as_json)


@click.command("history", epilog=examples("headgate history transactions", "headgate history sales/gold/daily --json"))
@click.argument("table", metavar="TABLE", help="Such as daily, sales.daily or sales/gold/daily.")
@project_option
@json_option
def history(table: str, *, project: Path | None, as_json: bool) -> None:
    """Tell the versions of a table, newest first, each with the publication that made it."""
    from headgate.cli.opening import opened_to_read
    from headgate.serve.tables import one_table, table_history
    from headgate.settings import project_settings

    with opened_to_read(project_settings(project)) as opened:
        name = one_table(opened.platform, table).table
        versions = table_history(opened.platform, table)
    document = {
        "table": name,
        "versions": [
            {
                "version": one.version,
                "at": one.at.isoformat(),
                "operation": one.operation,
                "publication": one.publication,
            }
            for one in versions
        ],
    }
    rows = [(one.version, f"{one.at:%Y-%m-%d %H:%M:%S}", one.operation, one.publication or "") for one in versions]
    heads = ("version", "at (UTC)", "operation", "publication")
    answer(document, columns(rows, heads=heads, right=(0, 3)), as_json=as_json)


@click.command(
    "query",
    epilog=examples(
        'headgate query "SELECT day, orders, revenue FROM daily ORDER BY day DESC" --limit 5',
        'headgate query "SELECT * FROM sales.transactions" --format parquet --output transactions.parquet',
        'headgate query "SELECT count(DISTINCT customer_id) AS n FROM transactions" --timeout 300',
        'headgate query "SELECT verdict, count(*) AS n FROM quarantine GROUP BY verdict" --json',
    ),
)
@click.argument("sql", metavar="SQL", help="One SELECT over the tables' names.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json", "parquet"]),
    default="table",
    help="Of the result.",
)
@click.option("--exact", is_flag=True, help="In CSV, write text as it is: for programs, not for spreadsheets.")
@click.option("--limit", type=click.IntRange(min=1), help="Rows at most; default: 40 as a table, else all.")
@click.option(
    "--timeout",
    "timeout_s",
    metavar="SECONDS",
    type=click.FloatRange(min=0, max=MOST_SECONDS),
    help="Stop it when it takes longer; default: query_s of headgate.toml, 60. 0: never.",
)
@click.option("--output", "-o", metavar="FILE", type=Path, help="Default: standard output.")
@project_option
@json_option
def query(
    sql: str,
    *,
    timeout_s: float | None,
    form: Literal["table", "csv", "json", "parquet"],
    exact: bool,
    limit: int | None,
    output: Path | None,
    project: Path | None,
    as_json: bool,
) -> None:
    """Run one SELECT over the published tables, as the last complete publications left them.

    Nothing else is in reach of it: no file, no network, no setting; and it is stopped where the engine works on it for
    longer than --timeout. In CSV, text that a spreadsheet would take for a
    formula gets an apostrophe before it, unless --exact is given.
    """
    from headgate.cli.opening import opened_to_read
    from headgate.cli.query_output import write_result
    from headgate.serve.query import ask
    from headgate.settings import project_settings

    settings = project_settings(project, query_s=timeout_s)
    with opened_to_read(settings) as opened, ask(opened.platform, sql) as found:
        for warning in found.warnings:
            note(warning)
        left = write_result(found.batches, form="json" if as_json else form, limit=limit, output=output, exact=exact)
    if left:
        note("There are more rows. Next: --limit N shows more of them.")
