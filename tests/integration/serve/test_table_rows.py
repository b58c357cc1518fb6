"""Paging by key over the real engine: every row once, in order, whatever its keys."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.adapters.duckdb_engine import DuckDBEngine
from headgate.core.errors import UsageError
from headgate.core.ports import Engine
from headgate.serve.table_rows import LONGEST, PAGE, Rows, page_of

KINDS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "text": (pa.string(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)),
    "integer": (pa.int64(), st.integers(-5, 5)),
    "decimal": (pa.decimal128(12, 2), st.decimals(-9, 9, places=2)),
    "date": (pa.date32(), st.dates(date(1999, 1, 1), date(2030, 1, 1))),
    "time": (
        pa.timestamp("us", tz="UTC"),
        st.datetimes(datetime(1999, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)),  # noqa: DTZ001
    ),
    "flag": (pa.bool_(), st.booleans()),
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("engine")
    opened = DuckDBEngine(memory_limit_bytes=256 << 20, threads=2, scratch=str(folder), readable=())
    yield opened
    opened.destroy()


def all_pages(engine: Engine, schema: pa.Schema, order: tuple[str, ...]) -> list[Rows]:
    pages: list[Rows] = []
    after = ""
    while len(pages) < 30:
        pages.append(page_of(engine, schema, order=order, shown=schema.names, after=after))
        if pages[-1].next is None:
            return pages
        after = pages[-1].next
    raise AssertionError("the pages do not end")


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    first, second = draw(st.sampled_from(list(KINDS))), draw(st.sampled_from(list(KINDS)))
    key = st.tuples(*(st.one_of(st.none(), KINDS[kind][1]) for kind in (first, second)))
    keys = draw(st.lists(key, max_size=180, unique_by=str))
    columns = [pa.array([one[place] for one in keys], KINDS[kind][0]) for place, kind in enumerate((first, second))]
    return pa.table([*columns, pa.array(range(len(keys)), pa.int64())], names=["a", 'b"', "value"])


@given(tables())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
def test_every_row_stands_on_one_page(engine: Engine, data: pa.Table) -> None:
    engine.register("t", data)
    pages = all_pages(engine, data.schema, ("a", 'b"'))
    assert sorted(row[2] for page in pages for row in page.rows) == list(range(data.num_rows))
    assert all(len(page.rows) == PAGE for page in pages[:-1])
    whole = engine.table('SELECT value FROM t ORDER BY a NULLS LAST, "b""" NULLS LAST').column(0).to_pylist()
    assert [row[2] for page in pages for row in page.rows] == whole


def test_masked_columns_are_not_read(engine: Engine) -> None:
    data = pa.table({"id": [1], "email": ["a@example.org"]})
    engine.register("t", data)
    assert page_of(engine, data.schema, order=("id",), shown=["id"]).rows == ((1, None),)
    assert page_of(engine, data.schema, order=(), shown=[]).rows == ((None, None),)


def test_long_values_are_cut_in_the_engine(engine: Engine) -> None:
    inner = pa.array([{"x": "y" * 5000}], pa.struct([("x", pa.string())]))
    data = pa.table({"id": [1], "text": ["ä" * 5000], "object": inner, "amount": [Decimal("1.50")]})
    engine.register("t", data)
    ((_, text, shown, amount),) = page_of(engine, data.schema, order=("id",), shown=data.column_names).rows
    assert (len(text), len(shown), amount) == (LONGEST + 1, LONGEST + 1, Decimal("1.50"))


@pytest.mark.parametrize("after", ["no json", "[]", '["1", "2"]', "{}", '[{"a": 1}]', "[1]", "\ud800"])
def test_a_place_that_is_none_is_told(engine: Engine, after: str) -> None:
    data = pa.table({"id": [1]})
    engine.register("t", data)
    with pytest.raises(UsageError, match="begins at no key"):
        page_of(engine, data.schema, order=("id",), shown=["id"], after=after)


def test_a_key_of_another_type_finds_nothing(engine: Engine) -> None:
    data = pa.table({"id": [1]})
    engine.register("t", data)
    assert page_of(engine, data.schema, order=("id",), shown=["id"], after='["1; DROP TABLE t"]').rows == ()


def test_three_hundred_columns(engine: Engine, tmp_path: Path) -> None:
    del tmp_path
    data = pa.table({f"c{place}": list(range(120)) for place in range(300)})
    engine.register("t", data)
    assert len(page_of(engine, data.schema, order=("c0",), shown=data.column_names).rows) == PAGE
