"""All that is known of one delivery: its events, its counts, samples of the rows that were kept back, its receipts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from headgate.core.naming import quarantine_table
from headgate.core.platform import Platform
from headgate.core.records import Delivery, IssuedReceipt
from headgate.serve.relations import engine_over, standing_tables

SAMPLES = 2  # rows for each leading reason
_SAMPLES_SQL = f"""
SELECT _row, verdict, reasons, record, "offset", "length"
FROM quarantine
WHERE _delivery = $delivery
QUALIFY row_number() OVER (PARTITION BY verdict, reasons[1].code ORDER BY _row) <= {SAMPLES}
ORDER BY _row
"""


class KeptRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row that was not published."""

    row: int  # its number in the delivery, from 1
    verdict: str
    reasons: tuple[Mapping[str, Any], ...]  # code, column, value, rule, consequence
    record: str | None  # as it came
    offset: int  # of its first byte in the unpacked file
    length: int


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery with what became of it."""

    delivery: Delivery
    events: tuple[Mapping[str, Any], ...]  # leaves of the log, in order
    samples: tuple[KeptRow, ...]
    versions: Mapping[str, int]  # of the flow's tables after its publication
    receipts: tuple[IssuedReceipt, ...]


def tell_story(platform: Platform, one: Delivery) -> Story:
    """Gather what is known of a delivery."""
    events = tuple(_events(platform, one))
    published = [event["fields"]["versions"] for event in events if "versions" in event["fields"]]
    return Story(
        delivery=one,
        events=events,
        samples=tuple(samples_of(platform, one)),
        versions=published[-1] if published else {},
        receipts=tuple(platform.ledger.receipts((one.id,))),
    )


def _events(platform: Platform, one: Delivery) -> Iterator[Mapping[str, Any]]:
    """The delivery's leaves: none stands before that of its registration."""
    first = platform.ledger.event_index(one.id, "registered") or 0
    sign = f'"delivery":"{one.id}"'.encode()
    for leaf in platform.ledger.leaves(first):
        if sign in leaf:
            yield json.loads(leaf)


def samples_of(platform: Platform, one: Delivery) -> Iterator[KeptRow]:
    """Some of the rows that were not published, for each leading reason."""
    table = quarantine_table(one.flow or "")
    version = next((known.version for known in standing_tables(platform) if known.table == table), None)
    if one.counts is None or version is None:
        return
    with engine_over(platform, {"quarantine": (table, version)}) as engine:
        for row in engine.table(_SAMPLES_SQL, {"delivery": one.id}).to_pylist():
            yield KeptRow(
                row=row["_row"],
                verdict=row["verdict"],
                reasons=tuple(row["reasons"]),
                record=row["record"],
                offset=row["offset"],
                length=row["length"],
            )
