"""Columns of published tables that hold personal data, by what the contract marks and what the tasks' SQL selects."""

from __future__ import annotations

from headgate.core.flow import Flow
from headgate.core.memo import Memo


def personal_columns(flow: Flow, memo: Memo) -> frozenset[str]:
    """Names of table columns that no report shows.

    A marked column counts under its flattened name (customer_email), and under every name that a task gives to
    something it reads from it.
    """
    return memo.result("personal columns", frozenset[str], [flow.contract.digest, flow.digest], lambda: _named(flow))


def _named(flow: Flow) -> frozenset[str]:
    # SQLGlot takes 40 ms to import; flows that are remembered do without.
    from headgate.core.contract_lineage import personal_outputs  # noqa: PLC0415

    marked = [column.path for column in flow.contract.walk() if column.personal]
    flattened = {path.replace("[]", "").replace(".", "_") for path in marked}
    known: dict[str, frozenset[str]] = {}
    for task in flow.tasks:
        if task.function is None:
            known[task.name] = personal_outputs(flow.files[task.file].decode(), flow.contract, known)
    return frozenset(flattened).union(*known.values())
