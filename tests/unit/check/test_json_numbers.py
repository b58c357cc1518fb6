"""Numbers that Arrow's decimals get wrong are found wherever they stand; what it takes is exact."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.check.json_numbers import STEP_BYTES, has_risky_number
from headgate.check.strict_json import Sieve, strict_schema
from headgate.core.contract import Column, Kind

WRAPS_TO_ZERO = str(2**126)  # times 100 it is a multiple of two to the power of 128


def risky(text: bytes) -> bool:
    return has_risky_number(np.frombuffer(text, dtype=np.uint8))


@pytest.mark.parametrize(
    "number", ["1e-77", "1E5", "-1.5e+3", "0e0", "12.50E-1", "1e-9999999", "1" * 23, WRAPS_TO_ZERO]
)
@pytest.mark.parametrize(
    "around", [b'{"d":%s}', b'{"d": %s }', b'{"l":[1,%s]}', b'{"d":"%s"}', b'{"d":%s', b'{"d":" +%s"}']
)
@pytest.mark.parametrize("before", [0, 5, STEP_BYTES - 40, STEP_BYTES - 20, STEP_BYTES - 8, STEP_BYTES - 1, STEP_BYTES])
def test_found(number: str, around: bytes, before: int) -> None:
    assert risky(b" " * before + around % number.encode() + b"\n" * 5)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b'{"d":12.50,"i":-3,"big":1234567890123456789012}',
        b'{"id":"3f2504e0-4f89-11d3-9a0c-0305e82c3301","hash":"a93e4b17e5c2"}',
        b'{"note":"12 eggs, size 5e, model 1e5x"}',
        b'{"iban":"DE89370400440532013000","when":"2026-11-20T07:41:09Z"}',
        b"e5 " * 200_000,
    ],
)
def test_passed(text: bytes) -> None:
    assert not risky(text)


def test_what_cannot_be_told_counts_as_found() -> None:
    assert risky(b'{"d":' + b"." * 100 + b"1e5}")  # no number, but nobody looked that far back
    assert risky(b'{"d":1e' + b"0" * 100 + b"1}")


NUMBERS = st.one_of(
    st.from_regex(r"-?(0|[1-9][0-9]{0,44})(\.[0-9]{1,45})?", fullmatch=True),
    st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{0,20}0{0,30})?[eE][+-]?[0-9]{1,12}", fullmatch=True).filter(
        lambda text: ".e" not in text.lower()
    ),
    st.integers(1, 2**126).map(lambda k: str((k * 2**128) // 10**12)),
)


@settings(max_examples=400, deadline=None)
@given(number=NUMBERS, precision=st.integers(1, 38), share=st.floats(0, 1), quoted=st.booleans())
def test_a_decimal_that_is_taken_is_exact(number: str, precision: int, share: float, quoted: bool) -> None:  # noqa: FBT001  drawn
    column = Column(
        name="d",
        source_name="d",
        path="d",
        kind=Kind.DECIMAL,
        precision=precision,
        scale=int(share * min(precision, 16)),
    )
    schema = strict_schema((column,))
    assert schema is not None
    text = f'{{"d":"{number}"}}' if quoted else f'{{"d":{number}}}'
    typed, refused = Sieve(schema).sift(pa.record_batch({"raw": pa.array([text])}))
    assert (len(typed), len(refused)) in {(1, 0), (0, 1)}
    for batch in typed:
        assert not quoted
        with localcontext(prec=200):
            assert batch.column("fields")[0].as_py()["d"] == Decimal(number)
