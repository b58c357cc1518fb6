"""A task's SQL ready to run, as plain values: reading it takes SQLGlot, running it does not."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from headgate.core.flow import Flow, Target, Task
from headgate.core.memo import Memo
from headgate.core.sql import quoted
from headgate.transform.merging import Merging


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A place where a statement names a relation."""

    relation: str
    written: str  # the name as SQL
    aliased: bool  # another name for it follows


class TaskSql(msgspec.Struct, frozen=True, kw_only=True):
    """One SELECT, ready to run."""

    pieces: tuple[str | Named, ...]  # of the statement in the engine's dialect
    parameters: frozenset[str]
    relations: frozenset[str]  # of the flow itself
    foreign: frozenset[str] = frozenset()  # tables of other flows, as flow.table
    merging: Merging | None = None  # how results of new rows join those that stand; None where they do not

    @property
    def text(self) -> str:
        """The statement in the engine's dialect."""
        return self.over({})

    def over(self, renamed: Mapping[str, str]) -> str:
        """The statement with relations under other names."""
        return "".join(piece if isinstance(piece, str) else _name(piece, renamed) for piece in self.pieces)


def _name(place: Named, renamed: Mapping[str, str]) -> str:
    other = renamed.get(place.relation)
    if other is None:
        return place.written
    return quoted(other) if place.aliased else f"{quoted(other)} AS {place.written}"


def task_sql(flow: Flow, task: Task, target: Target, memo: Memo) -> TaskSql:
    """The SQL of a task that makes a target; TaskError for what cannot run."""
    text = flow.files[task.file].decode()

    def read() -> TaskSql:
        # SQLGlot takes 40 ms to import; tasks that are remembered do without.
        from headgate.transform.task_reading import read_task  # noqa: PLC0415

        return read_task(text, flow.parameters, target)

    return memo.result("task", TaskSql, [text, flow.parameters, target], read)
