"""Published tables: a page of their rows, what is known of their columns, their versions side by side."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from headgate.core.errors import HeadgateError, NotFoundError, TransientError, UsageError
from headgate.core.flow_lineage import flow_lineage
from headgate.core.roles import Permission
from headgate.serve.masking import masked_columns
from headgate.serve.relations import Standing, snapshot_of
from headgate.serve.table_compare import MOST_ROWS, SAMPLE, Comparison, compare_versions
from headgate.serve.table_page import address_of, find_table, table_lines, version_lines
from headgate.serve.table_rows import LONGEST, SORTED_ROWS, order_of, read_rows
from headgate.serve.table_statistics import read_statistics
from headgate.web.access import Visitor, needs, refuse
from headgate.web.lineage_pictures import column_picture, relation_in_words
from headgate.web.rendering import page
from headgate.web.site import site_of

routes = APIRouter()

_VIEWS = {"table_rows.html": "", "table_columns.html": "/columns", "table_versions.html": "/versions"}
COLUMNS = 40  # of a row, until all are asked for

Queries = Annotated[Visitor, Depends(needs(Permission.QUERY))]
Version = Annotated[int | None, Query(ge=0, le=2**62)]


@routes.get("/tables")
def tables_page(request: Request, who: Queries) -> Response:
    """The tables of the flows that one may read."""
    lines = table_lines(site_of(request).platform, who.flows(Permission.QUERY))
    return page(request, "tables.html", who, tables=lines)


@routes.get("/tables/{table}")
def rows_page(
    request: Request, who: Queries, table: str, after: Annotated[str, Query(max_length=4000)] = "", columns: str = ""
) -> Response:
    """Rows in the order of their key, a page at a time."""
    found, masked = _seen(request, who, table)
    platform = site_of(request).platform
    snapshot = snapshot_of(platform, found.table, found.version)
    rows = read_rows(platform, found, masked=masked, after=after)
    every = columns == "all"
    shown = list(enumerate(rows.columns if every else rows.columns[:COLUMNS]))
    asked = {"columns": "all"} if every else {}
    return _page(
        request,
        who,
        found,
        "table_rows.html",
        masked=masked,
        rows=rows,
        shown=shown,
        first=not after,
        every=urlencode({"after": after} | {"columns": "all"}),
        next=None if rows.next is None else urlencode(asked | {"after": rows.next}),
        large=snapshot.rows > SORTED_ROWS,
        sorted_rows=SORTED_ROWS,
        longest=LONGEST,
        keyless=not order_of(platform, found, rows.columns),
    )


@routes.get("/tables/{table}/columns")
def columns_page(request: Request, who: Queries, table: str) -> Response:
    """Statistics and lineage of each column."""
    found, masked = _seen(request, who, table)
    platform = site_of(request).platform
    flow = platform.flows[found.flow]
    statistics = read_statistics(platform, found, masked=masked)
    lineage = flow_lineage(flow, platform.memo).get(found.name)
    names = [column.name for column in statistics.columns]
    return _page(
        request,
        who,
        found,
        "table_columns.html",
        masked=masked,
        statistics=statistics,
        lineage=lineage,
        picture=column_picture(found.table, lineage, names, masked) if lineage else None,
        relation_in_words=relation_in_words,
    )


@routes.get("/tables/{table}/versions")
def versions_page(
    request: Request, who: Queries, table: str, *, old: Version = None, new: Version = None, before: Version = None
) -> Response:
    """History, and what changed from one version to another."""
    found, masked = _seen(request, who, table)
    platform = site_of(request).platform
    lines, older = version_lines(platform, found, before=before)
    compared: Comparison | None = None
    fault, status = "", 200
    if old is not None and new is not None:
        try:
            compared = compare_versions(platform, found, old, new, masked=masked)
        except (UsageError, NotFoundError) as error:
            fault, status = str(error), 400
        except TransientError:
            fault = (
                f"Files of version {old} or {new} are gone: versions can be read for 400 days. Next: choose later ones."
            )
            status = 400
        except HeadgateError as error:
            fault, status = f"The versions could not be compared: {error}", 400
    return _page(
        request,
        who,
        found,
        "table_versions.html",
        status=status,
        masked=masked,
        versions=lines,
        older=older,
        compared=compared,
        fault=fault,
        old=max(found.version - 1, 0) if old is None else old,
        new=found.version if new is None else new,
        most_rows=MOST_ROWS,
        sample=SAMPLE,
    )


def _seen(request: Request, who: Visitor, address: str) -> tuple[Standing, frozenset[str]]:
    """The table of that address where its flow is one that the visitor may query, and what is masked of it.

    NotFoundError else, in the same words as where there is none; that it was asked for is an event.
    """
    platform = site_of(request).platform
    found = find_table(platform, address)
    if found is not None and found.flow in who.flows(Permission.QUERY):
        names = snapshot_of(platform, found.table, found.version).files.schema.names
        return found, masked_columns(platform.flows[found.flow], found, names, platform.memo)
    if found is not None:
        refuse(request, who, Permission.QUERY, "")
    raise NotFoundError(f"There is no table {address[:80]!r} among yours. Next: /tables lists those that you may read.")


def _page(
    request: Request, who: Visitor, table: Standing, template: str, /, *, status: int = 200, **values: object
) -> Response:
    snapshot = snapshot_of(site_of(request).platform, table.table, table.version)
    return page(
        request,
        template,
        who,
        status=status,
        table=table,
        view=_VIEWS[template],
        address=address_of(table.table),
        row_count=snapshot.rows,
        column_count=len(snapshot.files.schema.names),
        **values,
    )
