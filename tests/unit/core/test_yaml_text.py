from __future__ import annotations

import contextlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.errors import ContractError, DocumentError
from headgate.core.yaml_text import MAX_BYTES, MAX_DEPTH, MAX_VALUES, Json, read_yaml

CASES: Any = read_yaml((Path(__file__).parent / "cases" / "yaml_text.yaml").read_bytes(), name="cases").value


def as_json(value: Json) -> object:
    if isinstance(value, Decimal):
        return f"d:{value}"
    if isinstance(value, dict):
        return {key: as_json(inner) for key, inner in value.items()}
    return [as_json(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"])
def test_case(case: dict[str, Any]) -> None:
    text = case["text"].encode()
    if "error" not in case:
        found = as_json(read_yaml(text, name="c").value)
        assert json.dumps(found) == json.dumps(json.loads(case["value"], strict=False))
        return
    with pytest.raises(DocumentError) as caught:
        read_yaml(text, name="c.yaml")
    (problem,) = caught.value.problems
    assert case["error"] in problem.what + problem.fix
    assert problem.where == f"c.yaml:{case['line']}"


def test_the_line_of_each_value() -> None:
    found = read_yaml(b"a:\n  b:\n    - 1\n    - c: 2\n", name="c.yaml")
    assert found.where(("a", "b", 1, "c")) == "c.yaml:4"
    assert found.where(("a", "b", 0)) == "c.yaml:3"
    assert found.where(("a", "x", "y")) == "c.yaml:1"


def test_bytes_that_are_no_text_name_their_line() -> None:
    with pytest.raises(DocumentError, match=r"c:2: byte 3 is not UTF-8"):
        read_yaml(b"a:\n\xff", name="c")


def test_a_nul_is_refused() -> None:
    with pytest.raises(DocumentError, match="not YAML"):
        read_yaml(b'a: "\x00"', name="c")


def test_the_error_is_of_the_kind_asked_for() -> None:
    with pytest.raises(ContractError):
        read_yaml(b"a: [", name="c", error=ContractError)


def test_deep_nesting_is_refused_and_ends_no_process() -> None:
    for text in (b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b"- " * 100_000, b"{a: " * 50_000):
        with pytest.raises(DocumentError, match=f"deeper than {MAX_DEPTH}"):
            read_yaml(text, name="c")


def test_few_aliases_cannot_stand_for_billions_of_values() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(DocumentError, match=f"more than {MAX_VALUES} values"):
        read_yaml("\n".join(lines).encode(), name="c")


def test_a_file_over_the_limit_is_refused_unread() -> None:
    with pytest.raises(DocumentError, match="over the limit"):
        read_yaml(b"#" * (MAX_BYTES + 1), name="c")


TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp"), exclude_characters="\ufeff")
)


@given(
    st.recursive(
        st.none() | st.booleans() | TEXT | st.integers(-(10**30), 10**30),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
        max_leaves=12,
    ),
)
def test_json_is_read_as_itself(value: Json) -> None:
    assert read_yaml(json.dumps(value, ensure_ascii=False).encode(), name="c").value == value


@given(st.binary(max_size=200) | st.text(alphabet="a:-[]{}&*!|>'\" \n#1,?", max_size=40).map(str.encode))
def test_any_bytes_are_read_or_refused_in_words(text: bytes) -> None:
    with contextlib.suppress(DocumentError):
        read_yaml(text, name="c")
