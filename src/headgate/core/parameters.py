"""Values that rules and tasks use: from the ledger's versions to what is bound."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, BinaryIO

import msgspec
import pyarrow as pa
import pyarrow.csv

from headgate.core.errors import ConfigurationError
from headgate.core.flow import Flow, ParameterDeclaration
from headgate.core.ports import Files
from headgate.core.records import ParameterVersion

_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters of a flow as one batch uses them."""

    values: Mapping[str, Any]  # bound as $name
    tables: Mapping[str, pa.Table]  # registered as param_<name>
    versions: Mapping[str, int]

    def only(self, names: Iterable[str]) -> dict[str, Any]:
        """Values that a statement mentions: an engine refuses others."""
        return {name: self.values[name] for name in names if name in self.values}


OWN = 0
"""Number of a value that is no version: it was given for one delivery alone, whose facts hold it under `set`."""


def bind(
    flow: Flow,
    versions: Iterable[ParameterVersion],
    vault: Files,
    *,
    overrides: Mapping[str, str] | None = None,
    at: Mapping[str, int] | None = None,
) -> Bound:
    """The newest version of each declared parameter, or the one numbered in `at`, read as its type.

    Tables come from the vault. `overrides` (name -> canonical text) go before the versions; one that equals a version
    bears its number, else OWN.
    """
    versions = tuple(versions)
    chosen = {version.name: version for version in sorted(versions, key=lambda version: version.number)}
    chosen |= {version.name: version for version in versions if version.number == (at or {}).get(version.name)}
    values: dict[str, Any] = {}
    tables: dict[str, pa.Table] = {}
    numbers: dict[str, int] = {}
    for declaration in flow.parameters:
        version = chosen.get(declaration.name)
        if version is None:
            raise ConfigurationError(
                f"parameter {declaration.name} of flow {flow.name} has no version in the ledger. "
                "Next: `headgate doctor` enters the defaults.",
            )
        text = (overrides or {}).get(declaration.name, version.value)
        numbers[declaration.name] = version.number if text == version.value else _number(versions, declaration, text)
        if declaration.type == "table":
            tables[declaration.name] = read_table(declaration, vault, text)
        else:
            values[declaration.name] = parse_value(declaration, text)
    return Bound(values=values, tables=tables, versions=numbers)


def _number(versions: Iterable[ParameterVersion], declaration: ParameterDeclaration, text: str) -> int:
    same = [one.number for one in versions if one.name == declaration.name and one.value == text]
    return max(same, default=OWN)


def parse_value(declaration: ParameterDeclaration, text: str) -> Any:  # noqa: ANN401  as declared
    """Canonical text as a value of the declared type, within its limits; ConfigurationError says what does not fit."""
    try:
        value = _parse(declaration.type, text)
    except (ValueError, InvalidOperation, json.JSONDecodeError, RecursionError) as error:
        raise ConfigurationError(
            f"parameter {declaration.name} takes {declaration.type}, {text!r} is none: {error}"
        ) from error
    for limit, name in ((declaration.minimum, "min"), (declaration.maximum, "max")):
        if limit is None:
            continue
        bound = _parse(declaration.type, limit)
        if (name == "min" and value < bound) or (name == "max" and value > bound):
            raise ConfigurationError(f"parameter {declaration.name} has {name} {limit}, {text!r} is beyond it.")
    return value


def canonical_text(declaration: ParameterDeclaration, text: str) -> str:
    """The value as the ledger keeps it; ConfigurationError says what does not fit. Not for tables, which are files.

    >>> canonical_text(ParameterDeclaration(name="limit", type="decimal(8,2)", default=None), "5")
    '5.00'
    """
    value = parse_value(declaration, text)
    return str(value) if isinstance(value, Decimal | int) and not isinstance(value, bool) else text


def _parse(kind: str, text: str) -> Any:  # noqa: ANN401  as declared
    if found := _DECIMAL.fullmatch(kind.replace(" ", "")):
        precision, scale = int(found[1]), int(found[2])
        number = Decimal(text)
        fixed = round(number, scale)
        if not number.is_finite() or fixed != number or len(fixed.as_tuple().digits) > precision:
            raise ValueError(f"not within {precision} digits, {scale} behind the point")
        return fixed
    if kind == "integer":
        return int(text)
    if kind == "boolean":
        if text not in {"true", "false"}:
            raise ValueError("true or false")
        return text == "true"
    if kind == "date":
        return date.fromisoformat(text)
    if kind.startswith(("list(", "map(")):
        return json.loads(text)
    return text


def read_table(declaration: ParameterDeclaration, vault: Files, sha256: str) -> pa.Table:
    """A table parameter from the vault: its key columns and its value column, typed."""
    with vault.open(vault_name(sha256)) as stream:
        return parse_table(declaration, stream)


def parse_table(declaration: ParameterDeclaration, stream: BinaryIO) -> pa.Table:
    """The same from the bytes of a CSV file; ConfigurationError where they are not what the flow declares."""
    assert declaration.value is not None
    kinds = {name: _arrow_type(kind) for name, kind in declaration.key_columns}
    kinds[declaration.value[0]] = _arrow_type(declaration.value[1])
    options = pyarrow.csv.ConvertOptions(column_types=kinds, include_columns=list(kinds))
    try:
        table = pyarrow.csv.read_csv(stream, convert_options=options)
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        wanted = ", ".join(f"{name} {kind}" for name, kind in (*declaration.key_columns, declaration.value))
        raise ConfigurationError(
            f"table parameter {declaration.name} cannot be read: {error}. Next: give a CSV file with {wanted}."
        ) from error
    names = [name for name, _ in declaration.key_columns]
    if _distinct_rows(table.select(names)) != table.num_rows:
        raise ConfigurationError(
            f"table parameter {declaration.name} has a key twice. Next: leave one line for each "
            f"{', '.join(names)} in {declaration.file}.",
        )
    return table


def _distinct_rows(table: pa.Table) -> int:
    """How many different rows there are. These tables are small, and Arrow's `group_by` takes 70 ms to import."""
    return len(set(zip(*(column.to_numpy().tolist() for column in table.columns), strict=True)))


def _arrow_type(kind: str) -> pa.DataType:
    if found := _DECIMAL.fullmatch(kind.replace(" ", "")):
        return pa.decimal128(int(found[1]), int(found[2]))
    return {"text": pa.string(), "date": pa.date32(), "integer": pa.int64(), "boolean": pa.bool_()}[kind]


def vault_name(sha256: str) -> str:
    """Name of an object in the vault: its hash, spread over 256 folders."""
    return f"{sha256[:2]}/{sha256}"
