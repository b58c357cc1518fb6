"""What a published record is compared by: review computes it for new rows, transform keeps it in the record table."""

from __future__ import annotations

from headgate.core.contract import Contract
from headgate.core.sql import quoted


def fingerprint(contract: Contract, alias: str) -> str:
    """SQL of a record's fingerprint: 63 bits over its typed values, so that spelling does not matter.

    A chance hit among a billion keys has odds of one in ten thousand million, and would call a conflict a duplicate;
    the row is kept in quarantine either way.
    """
    columns = ", ".join(f"{alias}.{quoted(column.name)}" for column in contract.columns)
    return f"CAST(hash({columns}) >> 1 AS BIGINT)"
