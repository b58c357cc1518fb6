"""`tables`, `query` and `history`: reading what is published."""

from __future__ import annotations

import typer

from headgate.cli.console import answer, columns
from headgate.cli.options import AsJson, ProjectFolder, add


def register(app: typer.Typer) -> None:
    """Enter the commands of this file."""
    add(app, "tables", tables, "headgate tables", "headgate tables --json")


def tables(*, project: ProjectFolder = None, as_json: AsJson = False) -> None:
    """List the published tables with their versions and rows."""
    from headgate.cli.opening import opened_to_read, project_settings
    from headgate.serve.tables import list_tables

    with opened_to_read(project_settings(project)) as opened:
        found = list_tables(opened.platform)
    document = [{"name": one.name, "uri": one.uri, "version": one.version, "rows": one.rows} for one in found]
    rows = [(one.name, one.version, one.rows, one.uri) for one in found]
    lines = columns(rows, heads=("table", "version", "rows", "place"), right=(1, 2))
    answer(document, lines if rows else ["No table yet. Next: `headgate run FILE …`."], as_json=as_json)
