"""Generates the customers that sales refer to, as reference data for the relationship `customers.customer_id`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headgate.core.errors import UsageError
from headgate.generate.draws import Draws
from headgate.generate.population import Population, make_population

COLUMNS = ("customer_id", "name", "email", "country", "since", "segment")


class CustomersOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to generate. Equal options give equal bytes; the first customers of a seed are those that its sales use."""

    count: int
    seed: int = 0
    format: Literal["csv", "ndjson"] = "csv"

    def __post_init__(self) -> None:
        """Refuse what cannot be made."""
        if self.count < 1:
            raise UsageError(f"--count is {self.count}. Next: give a number from 1.")


class GeneratedCustomers(msgspec.Struct, frozen=True, kw_only=True):
    """What a run wrote."""

    file: Path
    records: int
    size_bytes: int


def generate_customers(
    options: CustomersOptions, output: Path, *, progress: Callable[[int], None], force: bool = False
) -> GeneratedCustomers:
    """Write `customers.csv` or `customers.ndjson` into a folder, whole or not at all.

    Columns: customer_id, name, email, country (ISO 3166-1 alpha-2), since (ISO date), segment. `progress` gets the
    number of customers done. UsageError where the file is there with other content and `force` is not set.
    """
    population = make_population(Draws(seed=options.seed), options.count)
    content = (_csv if options.format == "csv" else _ndjson)(population)
    path = output / f"customers.{options.format}"
    if path.exists() and not force and path.read_bytes() != content:
        raise UsageError(f"{path} holds other customers. Next: name another --output, or replace it with --force.")
    output.mkdir(parents=True, exist_ok=True)
    partial = output / f".{path.name}.partial"
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    progress(options.count)
    return GeneratedCustomers(file=path, records=options.count, size_bytes=len(content))


def _columns(population: Population) -> tuple[pa.StringArray, ...]:
    return (
        population.customer_id,
        population.name,
        population.email,
        population.country_code,
        population.since,
        population.segment,
    )


def _csv(population: Population) -> bytes:
    """No value holds a comma, quote or line break, so none is quoted."""
    return (",".join(COLUMNS) + "\n").encode() + _lines(pc.binary_join_element_wise(*_columns(population), ","))


def _ndjson(population: Population) -> bytes:
    texts = [
        pc.binary_join_element_wise(f'"{name}":"', values, '"', "")
        for name, values in zip(COLUMNS, _columns(population), strict=True)
    ]
    return _lines(pc.binary_join_element_wise("{", pc.binary_join_element_wise(*texts, ","), "}", ""))


def _lines(texts: pa.StringArray) -> bytes:
    ended = pc.binary_join_element_wise(texts, "\n", "")
    offsets = np.frombuffer(ended.buffers()[1], dtype=np.int32)
    return bytes(ended.buffers()[2][: int(offsets[len(ended)])])
