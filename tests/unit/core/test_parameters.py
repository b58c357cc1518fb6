"""Values of parameters from their canonical text, within their limits; tables from their files."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from headgate.core.errors import ConfigurationError
from headgate.core.flow import ParameterDeclaration
from headgate.core.parameters import parse_value, read_table, vault_name
from headgate.testing import MemoryFiles


def declared(kind: str, **more: Any) -> ParameterDeclaration:  # noqa: ANN401  any field
    return ParameterDeclaration(name="p", type=kind, default=None, **more)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "-5", -5),
        ("text", "as it is", "as it is"),
        ("date", "2026-02-28", date(2026, 2, 28)),
        ("boolean", "true", True),
        ("boolean", "false", False),
        ("decimal(5,2)", "123.40", Decimal("123.40")),
        ("decimal(5, 2)", "5", Decimal("5.00")),
        ("list(integer)", "[1, 2]", [1, 2]),
        ("map(text,integer)", '{"a": 1}', {"a": 1}),
    ],
)
def test_a_value_of_each_type(kind: str, text: str, value: object) -> None:
    found = parse_value(declared(kind), text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("integer", "5.0"),
        ("date", "2026-02-30"),
        ("boolean", "yes"),
        ("decimal(5,2)", "1.234"),
        ("decimal(5,2)", "1234.5"),
        ("decimal(5,2)", "much"),
        ("decimal(5,2)", "NaN"),
        ("decimal(5,2)", "Infinity"),
        ("list(integer)", "[1"),
    ],
)
def test_a_text_that_is_no_value_of_the_type(kind: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match="parameter p takes"):
        parse_value(declared(kind), text)


@pytest.mark.parametrize(
    ("kind", "low", "high", "inside", "below", "above"),
    [
        ("integer", "2", "10", ("2", "10", "9"), "1", "11"),
        ("decimal(4,1)", "0.5", "9.0", ("0.5", "9"), "0.4", "10.0"),
        ("date", "2026-01-01", "2026-12-31", ("2026-01-01",), "2025-12-31", "2027-01-01"),
    ],
)
def test_limits_belong_to_the_values(
    kind: str, low: str, high: str, inside: tuple[str, ...], below: str, above: str
) -> None:
    limited = declared(kind, minimum=low, maximum=high)
    assert [parse_value(limited, text) for text in inside]
    with pytest.raises(ConfigurationError, match=f"p has min {low}, '{below}' is beyond it"):
        parse_value(limited, below)
    with pytest.raises(ConfigurationError, match=f"p has max {high}, '{above}' is beyond it"):
        parse_value(limited, above)


RATES = declared("table", file="rates.csv", key=("currency", "day date"), value=("rate", "decimal(18,8)"))


def table_of(text: str) -> pa.Table:
    content = text.encode()
    vault = MemoryFiles()
    sha256 = hashlib.sha256(content).hexdigest()
    vault.put(vault_name(sha256), [content])
    return read_table(RATES, vault, sha256)


def test_a_table_has_its_declared_columns_and_types() -> None:
    found = table_of("note,day,currency,rate\nx,2026-01-01,USD,0.9\ny,2026-01-02,USD,0.8\n")
    assert found.schema.names == ["currency", "day", "rate"]
    assert found.to_pylist()[0] == {"currency": "USD", "day": date(2026, 1, 1), "rate": Decimal("0.90000000")}


def test_a_table_with_a_key_twice_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"p has a key twice.*currency, day in rates.csv"):
        table_of("currency,day,rate\nUSD,2026-01-01,0.9\nUSD,2026-01-01,0.8\n")
