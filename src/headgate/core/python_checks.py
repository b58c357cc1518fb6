"""Checks that a contract names in Python: a function from Arrow batch to boolean mask, TRUE where a row passes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

import numpy as np
import pyarrow as pa

from headgate.core.contract import Rule, RuleKind
from headgate.core.errors import CheckError
from headgate.core.reasons import ReasonCode
from headgate.core.row_reasons import reason_value


def load_ahead(rules: Iterable[Rule]) -> None:
    """For rules in Python import, on a thread, what nearly every function on Arrow arrays calls: it takes 30 ms."""
    if any(rule.kind is RuleKind.PYTHON for rule in rules):
        threading.Thread(target=import_module, args=("pyarrow.compute",), name="imports", daemon=True).start()


def judge_batch(
    rule: Rule, function: Callable[[pa.RecordBatch], Any], batch: pa.RecordBatch, *, place: int
) -> tuple[pa.BooleanArray, list[dict[str, Any]]]:
    """(Which rows do not pass, the reason of each of them in order); the function sees the columns that it reads.

    Its mask is an Arrow array or one of NumPy. A NULL in it does not pass and is told as such. CheckError where the
    function raises, or gives no mask of the batch.
    """
    mask = _mask(rule, function, batch.select(list(rule.reads)))
    if mask.true_count == batch.num_rows:
        return pa.repeat(pa.scalar(value=False), batch.num_rows), []
    import pyarrow.compute as pc  # noqa: PLC0415  takes 30 ms, and is asked for only where a row does not pass

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
    is_numpy = isinstance(mask, np.ndarray) and mask.dtype == np.bool_ and mask.ndim == 1
    if not (is_numpy or isinstance(mask, pa.BooleanArray)) or len(mask) != batch.num_rows:
        raise CheckError(
            f"rule {rule.id}: its function must give a boolean array of {batch.num_rows} values, "
            f"not {type(mask).__name__}"
        )
    if is_numpy:  # by its bits, for `pa.array` would import what NumPy has for masked arrays
        bits = pa.py_buffer(np.packbits(mask, bitorder="little"))
        return pa.BooleanArray.from_buffers(pa.bool_(), len(mask), [None, bits])
    return mask
