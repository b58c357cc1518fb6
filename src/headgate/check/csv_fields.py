"""Fields of CSV records as text columns, by Arrow's parser."""

from __future__ import annotations

import msgspec
import pyarrow as pa
import pyarrow.csv

from headgate.check.csv_dialect import Dialect


class Fields(msgspec.Struct, frozen=True):
    """Columns of the records that have as many fields as the header; `ragged` are the others: index -> fields found."""

    columns: pa.StructArray
    ragged: dict[int, int]


def parse_fields(text: bytes, rows: int, names: tuple[str, ...], dialect: Dialect) -> Fields | None:
    """Parse `rows` whole records; None where the parser counts them in another way than we do."""
    if rows == 0:
        return fields_of_rows([], names)
    ragged: dict[int, int] = {}

    def skip(row: pyarrow.csv.InvalidRow) -> str:
        ragged[row.number - 1] = row.actual_columns
        return "skip"

    table = pyarrow.csv.read_csv(
        pa.BufferReader(text),
        read_options=pyarrow.csv.ReadOptions(
            column_names=list(names), use_threads=False, block_size=len(text) + 1, encoding="utf8"
        ),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=dialect.delimiter,
            quote_char=dialect.quote,
            newlines_in_values=True,
            ignore_empty_lines=True,
            invalid_row_handler=skip,
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, check_utf8=False
        ),
    )
    if table.num_rows + len(ragged) != rows:
        return None
    columns = [column.combine_chunks() for column in table.columns]
    return Fields(pa.StructArray.from_arrays(columns, fields=list(struct_of(names))), ragged)


def fields_of_rows(rows: list[list[str]], names: tuple[str, ...]) -> Fields:
    """Columns of rows that were parsed one by one."""
    ragged = {index: len(row) for index, row in enumerate(rows) if len(row) != len(names)}
    even = [row for row in rows if len(row) == len(names)]
    columns = [pa.array([row[place] for row in even], pa.string()) for place in range(len(names))]
    return Fields(pa.StructArray.from_arrays(columns, fields=list(struct_of(names))), ragged)


def struct_of(names: tuple[str, ...]) -> pa.StructType:
    """Type of the `fields` column: all text."""
    return pa.struct([pa.field(name, pa.string()) for name in names])
