"""The two functions that make SQL safe."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.sql import literal, path_sql, quoted

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(texts.filter(bool), texts)
def test_any_name_and_text_comes_back_as_it_went_in(name: str, text: str) -> None:
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT {literal(text)} AS {quoted(name)}")
        assert found.description is not None
        assert found.description[0][0] == name
        assert found.fetchone() == (text,)


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_what_is_no_identifier_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no identifier"):
        quoted(name)
    with pytest.raises(ValueError, match="is no identifier"):
        path_sql(f"outer.{name}")


def test_a_text_with_nul_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        literal("a\0b")
