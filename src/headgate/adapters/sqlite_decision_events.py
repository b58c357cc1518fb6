"""What the log hears of a decision: ids, counts and digests, no word of a person and no value of a row."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from headgate.adapters import sqlite_log as log
from headgate.core.cases import Case, Decision


def decision_entry(
    type_: str, decision: Decision, case: Case, *, by: str | None = None, more: Mapping[str, Any] | None = None
) -> log.Entry:
    """The event; `by` is the account that did it, None where nobody did.

    A reason may speak of a person and a leaf can never be erased, so the log has its digest.
    """
    fields: dict[str, Any] = {
        "case": case.id,
        "decision": decision.number,
        "act": decision.act.value,
        "rows": decision.rows,
        "digest": decision.digest,
        "proposed_by": decision.proposed_by,
        "reason_sha256": hashlib.sha256(decision.reason.encode()).hexdigest(),
        **({} if by is None else {"by": by}),
        **(more or {}),
    }
    return log.Entry(type_, case.delivery, case.flow, fields)
