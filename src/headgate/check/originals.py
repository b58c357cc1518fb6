"""Records by their number, as they were judged last: what a person who corrects one begins with."""

from __future__ import annotations

from functools import partial

import msgspec

from headgate.check.limits import Limits
from headgate.check.overlaid import FIELDS, RAW, OverlaidInput
from headgate.core.decision_document import Rows
from headgate.core.errors import UnreadableError
from headgate.core.flow import Flow
from headgate.core.overlay import rows_overlay
from headgate.core.parameters import vault_name
from headgate.core.platform import Platform
from headgate.core.records import Delivery


class Originals(msgspec.Struct, frozen=True, kw_only=True):
    """Records by their number."""

    records: dict[int, str]  # JSON text; of a text format an object of its columns
    typed: bool  # False: of a text format, where every value is text


def original_records(platform: Platform, flow: Flow, one: Delivery, rows: Rows) -> Originals:
    """Read a delivery's bytes from the vault and keep these rows; UnreadableError where they cannot be read."""
    overlay = rows_overlay(one, rows, platform.vault)
    limits = Limits(
        window=platform.budget.window_bytes,
        record=platform.budget.record_bytes,
        unpacked=flow.source.max_unpacked_bytes,
    )
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
