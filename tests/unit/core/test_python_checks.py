"""Checks in Python: rows that do not pass, each with its reason; a function that errs is an error of the contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
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


def test_a_mask_of_numpy_is_one_too() -> None:
    failing, reasons = judge_batch(RULE, lambda _batch: np.array([True, False, True]), BATCH, place=4)
    assert failing.to_pylist() == [False, True, False]
    assert [reason["code"] for reason in reasons] == ["odd"]


@pytest.mark.parametrize("mask", [np.ones(3, dtype=bool), pa.array([True] * 3)])
def test_no_row_fails_where_all_pass(mask: object) -> None:
    failing, reasons = judge_batch(RULE, lambda _batch: mask, BATCH, place=4)
    assert failing.to_pylist() == [False] * 3
    assert reasons == []


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda batch: batch.column("nothing"), "raised KeyError"),
        (lambda _batch: pa.array([True], pa.bool_()), "a boolean array of 3 values"),
        (lambda _batch: [True, True, True], "not list"),
        (lambda _batch: np.array([1, 1, 1]), "not ndarray"),
        (lambda _batch: np.array([True]), "a boolean array of 3 values"),
        (lambda _batch: np.ones((3, 1), dtype=bool), "not ndarray"),
    ],
)
def test_a_function_that_errs_is_told(function: Callable[[pa.RecordBatch], Any], told: str) -> None:
    with pytest.raises(CheckError, match=f"rule even_a: .*{told}"):
        judge_batch(RULE, function, BATCH, place=4)
