"""One SELECT of a person over the published tables, in a locked engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pyarrow as pa
import sqlglot
from sqlglot import exp

from headgate.core.errors import CheckError, EngineTimeoutError, QueryRefusedError
from headgate.core.flow import NOW
from headgate.core.platform import Platform
from headgate.core.selects import Select, check_select
from headgate.serve.relations import engine_over, plain_names, standing_tables


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A result as it comes."""

    batches: pa.RecordBatchReader
    warnings: tuple[str, ...]
    versions: dict[str, int]  # of the tables that were read


@contextmanager
def ask(platform: Platform, sql: str, *, limit_s: float | None = None) -> Iterator[Answer]:
    """Run one SELECT over the tables at the versions of the last complete publications.

    Tables are named as they are, or `flow.table` where two flows have one of that name. QueryRefusedError where the SQL
    is anything else, or the engine does not take it; EngineTimeoutError, also while batches are read, where the engine
    works on it for longer than `limit_s` (default: the platform's `query_s`). `now()` is the present.
    """
    limit_s = platform.budget.query_s if limit_s is None else limit_s
    known = plain_names(standing_tables(platform))
    select = check_select(sql, relations=known, parameters=())
    read = {name: known[name] for name in select.relations}
    parameters = {NOW: platform.clock()} if NOW in select.parameters else {}
    tables = {name: (one.table, one.version) for name, one in read.items()}
    with _timed(), engine_over(platform, tables, limit_s=limit_s) as engine:
        try:
            batches = engine.stream(_with_quoted_names(select), parameters)
        except EngineTimeoutError:
            raise
        except CheckError as error:
            raise QueryRefusedError(f"the engine does not take the SQL: {error}") from error
        yield Answer(
            batches=batches,
            warnings=select.warnings,
            versions={one.table: one.version for one in read.values()},
        )


@contextmanager
def _timed() -> Iterator[None]:
    """What a query that was stopped says to who asked it."""
    try:
        yield
    except EngineTimeoutError as error:
        next_step = (
            "let it read less, with WHERE or a join on equal columns, or give it more time with --timeout, or with "
            "query_s under [run] in headgate.toml."
        )
        raise EngineTimeoutError("the query", error.limit_s, next_step) from error


def _with_quoted_names(select: Select) -> str:
    """The SQL with `flow.table` as one name, which is how the engine knows it; other SQL stays as it is written."""
    if not any("." in name for name in select.relations):
        return select.sql

    def change(node: exp.Expr) -> exp.Expr:
        name = ".".join(part.name for part in node.parts) if isinstance(node, exp.Table) and node.db else ""
        if name not in select.relations:
            return node
        table = exp.Table(this=exp.to_identifier(name, quoted=True))
        return exp.alias_(table, node.alias or node.name, table=True)

    return sqlglot.parse_one(select.sql, read="duckdb").transform(change).sql("duckdb")
