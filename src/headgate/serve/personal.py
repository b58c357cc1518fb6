"""Columns that hold personal data: in a delivery by what the contract marks, in tables by what the tasks select."""

from __future__ import annotations

from headgate.core.contract import Contract
from headgate.core.flow import Flow
from headgate.core.memo import Memo


def plain_paths(contract: Contract) -> frozenset[str]:
    """Paths of the contract whose values anybody may see who sees the delivery: nothing personal in them or below them.

    A column that the contract does not know is not among them. Nor is an object that holds a personal column: where its
    value is of another type, what stands there may be anything of a person.
    """
    return frozenset(column.path for column in contract.walk() if not any(inner.personal for inner in column.walk()))


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
