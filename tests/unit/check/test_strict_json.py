"""Arrow's reader on records: what it is told, what it takes, and that only the neighbours share a bad record's fate."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest

from headgate.check.strict_json import BLOCK_ROWS, Sieve, elements, strict_schema
from headgate.core.contract import Column, Kind, Leniency

PRICE = Column(name="price", source_name="price", path="price", kind=Kind.DECIMAL, precision=12, scale=2)
NOTE = Column(name="note", source_name="note", path="note", kind=Kind.STRING)
TAGS = Column(
    name="tags",
    source_name="tags",
    path="tags",
    kind=Kind.ARRAY,
    element=Column(name="", source_name="", path="tags[]", kind=Kind.STRING),
)
PARTS = Column(
    name="parts",
    source_name="Parts",
    path="parts",
    kind=Kind.ARRAY,
    element=Column(name="", source_name="", path="parts[]", kind=Kind.OBJECT, children=(PRICE, NOTE)),
)
SOUND = '{"price":12.50,"note":"a","tags":["x",null],"Parts":[{"price":1,"note":null},{}]}'


def sift(*texts: str) -> tuple[list[dict[str, object]], list[str]]:
    """Records that were typed, and texts that were refused."""
    schema = strict_schema((PRICE, NOTE, TAGS, PARTS))
    assert schema is not None
    batch = pa.record_batch({"row": pa.array(range(len(texts))), "raw": pa.array(texts)})
    typed, refused = Sieve(schema).sift(batch)
    records = [record for one in typed for record in one.column("fields").to_pylist()]
    assert sum(one.num_rows for one in (*typed, *refused)) == len(texts)
    return records, [text for one in refused for text in one.column("raw").to_pylist()]


def test_a_record_is_typed_exactly() -> None:
    (record,), refused = sift(SOUND)
    assert record == {
        "price": Decimal("12.50"),
        "note": "a",
        "tags": ["x", None],
        "Parts": [{"price": Decimal("1.00"), "note": None}, {"price": None, "note": None}],
    }
    assert refused == []


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"price":null,"note":null}',
        '{"price": null, "note": "n"}',
        '{ "note" : "n" , "price" : 10.0 }',
        '{"note":"two \\n lines, \\u00e9"}',
        '{"note":"braces {[ and : null"}',
        '{"note":"null","price":-0.5}',
    ],
)
def test_taken(text: str) -> None:
    records, refused = sift(text)
    assert (len(records), refused) == (1, [])


@pytest.mark.parametrize(
    "text",
    [
        '{"price":"12.50"}',
        '{"price":"12.50","note":null}',
        '{"Parts":[{"price":"1"}]}',
        '{"Parts":[{"price":"1","note":null}]}',
        '{"price":12.345}',
        '{"price":10000000000}',
        '{"price":true}',
        '{"price":1e1}',
        '{"price":1e-9999999}',
        '{"price":85070591730234615865843651857942052864}',
        '{"note":5}',
        '{"note":{"a":"b"}}',
        '{"note":["a"]}',
        '{"tags":"x"}',
        '{"tags":[1]}',
        '{"Parts":[5]}',
        '{"price":1,"price":1}',
        '{"note":null,"note":null}',
        '{"Parts":[{"note":"a","note":"a"}]}',
        '{"strange":1}',
        '{"parts":[]}',
        '{"note":"\\ud83d"}',
        "null",
        "5",
        "[]",
        '"{}"',
    ],
)
def test_refused(text: str) -> None:
    assert sift(text) == ([], [text])


@pytest.mark.parametrize(
    "text",
    [
        '{"note":"said \\"1\\"","price":1}',  # quotes that are neither a name's nor a string's end
        '{"note":"ends in a backslash \\\\","price":1}',
        '{"note" : null, "price" : 1, "tags"  :null}',
    ],
)
def test_what_cannot_be_told_apart_is_refused(text: str) -> None:
    assert sift(text) == ([], [text])


def test_quotes_of_one_record_do_not_make_up_for_anothers() -> None:
    texts = ['{"price":"1"}', '{"note":null}', '{"price":2}']
    assert sift(*texts) == ([], texts)


def test_one_bad_record_takes_few_with_it() -> None:
    texts = [SOUND] * (5 * BLOCK_ROWS)
    texts[3 * BLOCK_ROWS + 7] = '{"strange":1}'
    records, refused = sift(*texts)
    assert len(records) == 4 * BLOCK_ROWS
    assert refused == texts[3 * BLOCK_ROWS : 4 * BLOCK_ROWS]


def test_batches_after_a_refused_one_are_typed_too() -> None:
    schema = strict_schema((NOTE,))
    assert schema is not None
    sieve = Sieve(schema)
    counts = []
    for bad in (True, True, False, False):
        texts = ['{"note":"a"}'] * 300
        texts[5] = "null" if bad else texts[5]
        batch = pa.record_batch({"raw": pa.array(texts)})
        counts.append([one.num_rows for one in sieve.sift(batch)[0]])
    assert counts == [[172], [172], [300], [300]]


@pytest.mark.parametrize(
    "columns",
    [
        (),
        (NOTE, NOTE),
        (
            Column(
                name="n",
                source_name="n",
                path="n",
                kind=Kind.DECIMAL,
                precision=4,
                scale=1,
                lenient=(Leniency(name="number_in_text"),),
            ),
        ),
        (Column(name="free", source_name="free", path="free", kind=Kind.OBJECT),),
    ],
)
def test_contracts_that_are_read_from_text(columns: tuple[Column, ...]) -> None:
    assert strict_schema(columns) is None


@pytest.mark.parametrize("cut", [slice(None), slice(1, 4), slice(0, 0)])
def test_elements_are_those_of_the_lists_that_are_there(cut: slice) -> None:
    lists = pa.array([[1], [2, 3], None, [], [4]])[cut]
    assert elements(lists).equals(lists.flatten())
