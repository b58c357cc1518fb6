"""Checks that a contract names in Python: a function from Arrow batch to boolean mask, TRUE where a row passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from headgate.core.contract import Rule
from headgate.core.errors import CheckError
from headgate.core.reasons import ReasonCode
from headgate.core.row_reasons import reason_value


def judge_batch(
    rule: Rule, function: Callable[[pa.RecordBatch], Any], batch: pa.RecordBatch, *, place: int
) -> tuple[pa.BooleanArray, list[dict[str, Any]]]:
    """(Which rows do not pass, the reason of each of them in order); the function sees the columns that it reads.

    A NULL in its mask does not pass and is told as such. CheckError where it raises, or gives no mask of the batch.
    """
    import pyarrow.compute as pc  # noqa: PLC0415  takes 30 ms, and most contracts have no rule in Python

    mask = _mask(rule, function, batch.select(list(rule.reads)))
    failing = pc.invert(pc.fill_null(mask, fill_value=False))
    reasons = [
        reason_value(
            code=rule.code if passed is False else ReasonCode.CANNOT_EVALUATE.value,
            column=rule.column or ", ".join(rule.reads),
            value=None,
            rule=rule.id,
            consequence=rule.consequence,
            place=place,
        )
        for passed in mask.filter(failing).to_pylist()
    ]
    return failing, reasons


def _mask(rule: Rule, function: Callable[[pa.RecordBatch], Any], batch: pa.RecordBatch) -> pa.BooleanArray:
    try:
        mask = function(batch)
    except Exception as error:
        raise CheckError(f"rule {rule.id}: its function raised {type(error).__name__}: {error}") from error
    if not isinstance(mask, pa.BooleanArray) or len(mask) != batch.num_rows:
        raise CheckError(
            f"rule {rule.id}: its function must give a boolean array of {batch.num_rows} values, "
            f"not {type(mask).__name__}"
        )
    return mask
