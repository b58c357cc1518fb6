"""Checks in Python: rows that do not pass, each with its reason; a function that errs is an error of the contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from headgate.core.contract import Rule, RuleKind, Scope
from headgate.core.errors import CheckError
from headgate.core.python_checks import judge_batch
from headgate.core.reasons import Consequence
from headgate.core.record_schema import REASON

RULE = Rule(
    id="even_a",
    kind=RuleKind.PYTHON,
    scope=Scope.ROW,
    code="odd",
    consequence=Consequence.REJECT,
    reads=("a", "b"),
)
BATCH = pa.record_batch({"_n": [7, 7, 7], "a": [1, 2, None], "b": ["x", "y", "z"]})


def even(batch: pa.RecordBatch) -> pa.BooleanArray:
    assert batch.schema.names == ["a", "b"]
    return pa.array([None if a is None else a % 2 == 0 for a in batch.column("a").to_pylist()], pa.bool_())


def test_rows_that_do_not_pass_have_a_reason_each() -> None:
    failing, reasons = judge_batch(RULE, even, BATCH, place=4)
    assert failing.to_pylist() == [True, False, True]
    assert [reason["code"] for reason in reasons] == ["odd", "cannot_evaluate"]
    assert reasons[0] == {
        "code": "odd",
        "column": "a, b",
        "path": "a, b",
        "value": None,
        "rule": "even_a",
        "consequence": "reject",
        "weight": 3,
        "place": 4,
    }
    assert pa.array(reasons, REASON).to_pylist() == reasons


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda batch: batch.column("nothing"), "raised KeyError"),
        (lambda _batch: pa.array([True], pa.bool_()), "a boolean array of 3 values"),
        (lambda _batch: [True, True, True], "not list"),
    ],
)
def test_a_function_that_errs_is_told(function: Callable[[pa.RecordBatch], Any], told: str) -> None:
    with pytest.raises(CheckError, match=f"rule even_a: .*{told}"):
        judge_batch(RULE, function, BATCH, place=4)
