"""Which of a flow's tasks run at a time, and how: those that read nothing of each other, on two threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial

from headgate.core.errors import EngineMemoryError
from headgate.core.flow import Flow, Target
from headgate.core.memo import Memo
from headgate.core.replacing import replace
from headgate.core.side_by_side import side_by_side
from headgate.transform.task_sql import TaskSql, task_sql
from headgate.transform.workspace import Workspace

Make = Callable[[Workspace, Target], None]


def turns(flow: Flow, memo: Memo, targets: Sequence[Target]) -> list[list[Target]]:
    """The targets in their order, cut so that within a turn no task reads what another one makes."""
    found: list[list[Target]] = []
    made: set[str] = set()  # in the last turn
    read: set[str] = set()
    for target in targets:
        task = _read(flow, memo, target)
        if task is None or not found or task.relations & made or target.name in read:
            found.append([])
            made, read = set(), set()
        found[-1].append(target)
        made.add(target.name)
        # nobody knows what a task in Python reads: what comes after it is for another turn
        read |= {one.name for one in targets} if task is None else task.relations
    return found


def run_turn(work: Workspace, turn: Sequence[Target], make: Make, *, threads: int) -> None:
    """Make the targets of a turn, two at a time where there are threads for it.

    What does not fit into memory beside another is made once more alone.
    """
    if len(turn) == 1 or threads == 1:
        for target in turn:
            make(work, target)
        return
    for target in turn:
        if (task := _read(work.flow, work.memo, target)) is not None:
            work.reach(task.foreign)  # now: what two threads register may have no name in common
    # a task with a window takes the longest, and nothing should wait for it at the end
    longest_first = sorted(turn, key=lambda target: target.window is None)
    with closing(work.engine.beside()) as engine:
        hands = (work, replace(work, engine=engine))
        try:
            side_by_side(hands, [partial(_on, make, target) for target in longest_first])
        except EngineMemoryError:
            for target in turn:
                if target.name not in work.changes:
                    make(work, target)


def _on(make: Make, target: Target, work: Workspace) -> None:
    make(work, target)


def _read(flow: Flow, memo: Memo, target: Target) -> TaskSql | None:
    """The task that makes a target; None for one in Python, or where the flow has no tasks."""
    task = next((task for task in flow.tasks if task.name == target.name), None)
    if task is None or task.function is not None:
        return None
    return task_sql(flow, task, target, memo)
