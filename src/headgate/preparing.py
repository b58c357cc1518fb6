"""Finds what the SQL of flows comes to before their first delivery is there, so that no run need begin with it."""

from __future__ import annotations

from contextlib import suppress

from headgate.check.delivery_rules import statements_of
from headgate.check.plan import plan_of
from headgate.core.errors import HeadgateError
from headgate.core.flow import Flow
from headgate.core.memo import Memo
from headgate.core.platform import Platform
from headgate.serve.personal import personal_columns
from headgate.serve.report_reading import read_definition
from headgate.serve.run_report import DEFINITION, definition_of
from headgate.transform.task_sql import task_sql


def prepare(platform: Platform) -> None:
    """Put all into the platform's memo that runs of its flows need of their SQL."""
    for flow in platform.flows.values():
        with suppress(HeadgateError):  # the run that meets it tells it, with the delivery that it stops
            _prepare_check(flow, platform.memo)
            _prepare_tasks(flow, platform.memo)
            _prepare_report(flow, platform.memo)


def _prepare_check(flow: Flow, memo: Memo) -> None:
    """For JSON records, and for text with all columns; a header that lacks some makes a plan of its own."""
    whole = frozenset(column.source_name for column in flow.contract.columns)
    for headers in (None, whole):
        plan_of(flow.contract, flow.parameters, memo, headers=headers)
    statements_of(flow.contract, memo)


def _prepare_tasks(flow: Flow, memo: Memo) -> None:
    for task in flow.tasks:
        target = flow.target(task.name)
        if task.function is None and target is not None:
            task_sql(flow, task, target, memo)


def _prepare_report(flow: Flow, memo: Memo) -> None:
    personal = personal_columns(flow, memo)
    definition = definition_of(flow)
    if definition is not None:
        read_definition(definition, document=f"flows/{flow.name}/{DEFINITION}", personal=personal, memo=memo)
