"""Whether some records have a value in each column."""

from __future__ import annotations

import pyarrow as pa
import pytest

from headgate.check.columns import have_values
from headgate.check.strict_json import FIELDS, Sieve, strict_schema
from headgate.core.contract import Column, Kind

WIDTH = Column(name="width", source_name='w"', path="pages[].width", kind=Kind.INTEGER)
PAGE = Column(name="", source_name="", path="pages[]", kind=Kind.OBJECT, children=(WIDTH,))
COLUMNS = (
    Column(name="id", source_name="id", path="id", kind=Kind.INTEGER),
    Column(name="sent", source_name="Sent on", path="sent", kind=Kind.INTEGER),
    Column(name="pages", source_name="pages", path="pages", kind=Kind.ARRAY, element=PAGE),
)


@pytest.mark.parametrize(
    ("records", "all_there"),
    [
        (('{"id": 1, "Sent on": null}', '{"Sent on": 2, "pages": [{"w\\"": null}, {"w\\"": 3}]}'), True),
        (('{"id": 1, "Sent on": 2, "pages": []}',), False),
        (('{"id": 1, "Sent on": 2, "pages": [{"w\\"": null}]}',), False),
        (('{"id": 1, "Sent on": 2, "pages": null}',), False),
        (('{"id": null, "Sent on": 2, "pages": [{"w\\"": 3}]}',), False),
    ],
)
def test_a_column_is_there_with_one_value_somewhere(records: tuple[str, ...], *, all_there: bool) -> None:
    schema = strict_schema(COLUMNS)
    assert schema is not None
    (typed,), refused = Sieve(schema).sift(pa.record_batch({"raw": pa.array(records)}))
    assert refused == []
    assert have_values(COLUMNS, typed.column(FIELDS)) is all_there
