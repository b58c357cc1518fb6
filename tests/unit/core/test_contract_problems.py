"""Contracts that are refused: each problem with its line and the next step."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from headgate.core.contract_document import read_contract
from headgate.core.errors import ContractError
from headgate.core.yaml_text import read_yaml

CASES: Any = read_yaml((Path(__file__).parent / "cases" / "contract_problems.yaml").read_bytes(), name="cases").value


def text_of(case: dict[str, Any]) -> str:
    if "text" in case:
        return str(case["text"])
    head = f"apiVersion: {case.get('api', 'v3.1.0')}\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\n"
    return f"{head}schema:\n  - name: rows\n{indent(case['record'], '    ')}\n"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"])
def test_case(case: dict[str, Any]) -> None:
    with pytest.raises(ContractError) as caught:
        read_contract(text_of(case).encode(), name="c.yaml")
    told = [str(problem).removeprefix("c.yaml:") for problem in caught.value.problems]
    assert len(told) == len(case["problems"]), told
    for problem, part in zip(told, case["problems"], strict=True):
        assert part in problem
