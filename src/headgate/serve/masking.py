"""Which columns of a published table are shown to nobody on a page."""

from __future__ import annotations

from collections.abc import Collection

from headgate.core.contract import Column
from headgate.core.flow import Flow
from headgate.core.flow_lineage import TableLineage, flow_lineage
from headgate.core.memo import Memo
from headgate.core.naming import ACCEPTED, DELIVERY, RECORD, ROW
from headgate.serve.personal import personal_columns
from headgate.serve.relations import Standing

_OURS = frozenset({DELIVERY, ROW, RECORD})
_RAW = frozenset({"record", "reasons"})
"""Of a quarantine table: the sender's own text, and values of it."""


def masked_columns(flow: Flow, table: Standing, names: Collection[str], memo: Memo) -> frozenset[str]:
    """Those of a table's columns that hold personal data, or may.

    A container counts with what is inside it. Of what a Python function makes nobody knows where it comes from: columns
    that bear no name of a column that is not personal are masked too.
    """
    if table.layer == "quarantine":
        return _RAW.intersection(names)
    known = {column.path: column for column in flow.contract.walk()}
    lineage = flow_lineage(flow, memo).get(table.name)
    masked = set(personal_columns(flow, memo).intersection(names))
    if lineage is None or not lineage.known:
        plain = {path.replace("[]", "").replace(".", "_") for path, column in known.items() if not _holds(column)}
        return frozenset(masked | (set(names) - plain - _OURS))
    return frozenset(masked | {name for name in names if _reads_personal(lineage, name, known)})


def _reads_personal(lineage: TableLineage, name: str, known: dict[str, Column]) -> bool:
    origins = lineage.columns.get(name, ())
    return any(one.relation == ACCEPTED and one.column in known and _holds(known[one.column]) for one in origins)


def _holds(column: Column) -> bool:
    return any(inner.personal for inner in column.walk())
