"""Records by their number, as they were judged last: what a person who corrects one begins with."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import islice
from typing import BinaryIO

import msgspec

from headgate.check.faults import Tally
from headgate.check.inputs import form_of
from headgate.check.limits import Limits
from headgate.check.overlaid import FIELDS, RAW, OverlaidInput
from headgate.check.records_csv import CsvReader
from headgate.check.source import open_parts
from headgate.check.windows import Window
from headgate.core.decision_document import Rows
from headgate.core.errors import UnreadableError
from headgate.core.flow import Flow
from headgate.core.forms import Form, Format
from headgate.core.overlay import rows_overlay
from headgate.core.parameters import vault_name
from headgate.core.platform import Platform
from headgate.core.records import Delivery

_HEAD_BYTES = 128 << 10  # from which a header is read first: more than a reader finds the dialect in
_MOST_MEMBERS = 16  # of a zip, whose beginnings are looked at


class Originals(msgspec.Struct, frozen=True, kw_only=True):
    """Records by their number."""

    records: dict[int, str]  # JSON text; of a text format an object of its columns
    typed: bool  # False: of a text format, where every value is text


def original_records(platform: Platform, flow: Flow, one: Delivery, rows: Rows) -> Originals:
    """Read a delivery's bytes from the vault and keep these rows; UnreadableError where they cannot be read."""
    overlay = rows_overlay(one, rows, platform.vault)
    limits = _limits(platform, flow)
    source = OverlaidInput(
        delivery=one,
        open_file=partial(platform.vault.open, vault_name(one.sha256)),
        path=flow.source.records,
        limits=limits,
        overlay=overlay,
    )
    source.look(keep_open=True)
    records: dict[int, str] = {}
    for batch in source.batches():
        texts = batch.column(RAW).to_pylist()
        if source.headers is not None:
            texts = [msgspec.json.encode(fields).decode() for fields in batch.column(FIELDS).to_pylist()]
        records.update(zip(batch.column("_row").to_pylist(), texts, strict=True))
    if source.unreadable is not None:
        raise UnreadableError(*source.unreadable)
    return Originals(records=records, typed=source.headers is None)


def records_of_lines(platform: Platform, flow: Flow, one: Delivery, lines: Mapping[int, str]) -> dict[int, str] | None:
    """The same records of a text file, from its lines by row as the quarantine keeps them: only its header is read.

    None where that does not say how the lines are to be read: then `original_records` does. UnreadableError where the
    bytes cannot be read.
    """
    form = form_of(one)
    if form.format is not Format.CSV or not lines:
        return None
    limits = _limits(platform, flow)
    reader = None
    for window in (min(_HEAD_BYTES, limits.window), limits.window):  # a header is seldom long
        with platform.vault.open(vault_name(one.sha256)) as stream:
            try:
                reader = _reader(stream, form, Limits(window=window, record=limits.record, unpacked=limits.unpacked))
                break
            except UnreadableError:
                if window == limits.window:
                    raise
    fields = reader.fields_of(list(lines.values())) if reader is not None else None
    if fields is None:
        return None
    return {row: msgspec.json.encode(found).decode() for row, found in zip(lines, fields, strict=True)}


def _reader(stream: BinaryIO, form: Form, limits: Limits) -> CsvReader | None:
    """A reader of the file's lines; None for a zip whose members do not all read alike, or are many."""
    readers = [
        CsvReader(Window(part, part.offset), Tally(lambda _: None), limits, encoding=form.encoding)
        for part in islice(open_parts(stream, form, limits.unpacked), _MOST_MEMBERS + 1)
    ]
    alike = 0 < len(readers) <= _MOST_MEMBERS and all(reader.reads_like(readers[0]) for reader in readers)
    return readers[0] if alike else None


def _limits(platform: Platform, flow: Flow) -> Limits:
    return Limits(
        window=platform.budget.window_bytes,
        record=platform.budget.record_bytes,
        unpacked=flow.source.max_unpacked_bytes,
    )
