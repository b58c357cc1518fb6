"""Lineage of a flow: each of its tables with the columns that its columns are made from, from record to gold."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from headgate.core.column_lineage import Origin, Traced, trace
from headgate.core.contract import Kind
from headgate.core.errors import QueryRefusedError
from headgate.core.flow import Flow
from headgate.core.memo import Memo
from headgate.core.naming import ACCEPTED


class TableLineage(msgspec.Struct, frozen=True, kw_only=True):
    """How one table comes to be; what it reads of the accepted rows stands under `accepted`."""

    columns: Mapping[str, tuple[Origin, ...]]
    relations: tuple[str, ...]  # that its task reads, for filters and joins too
    file: str  # of the task; empty where the table is the record as it is
    known: bool = True  # False: a Python function, which no SQL tells of


def flow_lineage(flow: Flow, memo: Memo) -> Mapping[str, TableLineage]:
    """Task or target -> lineage, in the order of the tasks."""
    return memo.result(
        "column lineage", dict[str, TableLineage], [flow.contract.digest, flow.digest], lambda: _traced(flow)
    )


def _traced(flow: Flow) -> dict[str, TableLineage]:
    record = flow.contract.record
    paths = [column.path for column in flow.contract.walk()]
    if not flow.tasks:
        return {target.name: _record_itself(flow) for target in flow.targets}
    known: dict[str, list[str]] = {ACCEPTED: paths, record: paths}
    parameters = [one.name for one in flow.parameters if one.type == "table"]
    found: dict[str, TableLineage] = {}
    for task in flow.tasks:
        if task.function is not None:
            found[task.name] = TableLineage(columns={}, relations=(), file=task.file, known=False)
            continue
        try:
            traced = trace(flow.files[task.file].decode(), known, parameters)
        except QueryRefusedError:
            traced = Traced(columns={}, relations=())
        # until a task of that name has run, the record's name means the accepted rows too
        rows = {ACCEPTED} if record in found else {ACCEPTED, record}
        known[task.name] = list(traced.columns)
        found[task.name] = TableLineage(
            columns={name: tuple(_named(one, rows) for one in of) for name, of in traced.columns.items()},
            relations=tuple(dict.fromkeys(ACCEPTED if name in rows else name for name in traced.relations)),
            file=task.file,
        )
    return found


def _named(origin: Origin, rows: set[str]) -> Origin:
    return Origin(ACCEPTED, origin.column) if origin.relation in rows else origin


def _record_itself(flow: Flow) -> TableLineage:
    """The record with its objects flattened (customer_email) and its lists kept, where a flow has no tasks."""
    leaves = [one.path for one in flow.contract.walk() if one.kind is not Kind.OBJECT and "[]" not in one.path]
    columns = {path.replace(".", "_"): (Origin(ACCEPTED, path),) for path in leaves}
    return TableLineage(columns=columns, relations=(ACCEPTED,), file="")
