"""Rows of the ledger to frozen records and back: JSON columns as text, times as ISO text in UTC with microseconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from headgate.core.records import Counts, Delivery, DeliveryKind, Move, ReasonCount, TableChange
from headgate.core.states import DeliveryState

DELIVERY_COLUMNS = (
    "landing_number, id, flow, kind, name, origin, sender, sha256, size_bytes, form, state, run, landed_at, "
    "received, accepted, held, rejected, duplicate, warned, reasons, held_for, released, note, publication, "
    "contract, parameters, facts, tries, superseded_by"
)
"""In the order that `decode_delivery` expects."""

_STATES = {state.value: state for state in DeliveryState}
_KINDS = {kind.value: kind for kind in DeliveryKind}

_encoder = msgspec.json.Encoder(order="sorted")
_mapping = msgspec.json.Decoder(dict[str, Any])
_numbers = msgspec.json.Decoder(dict[str, int])
_texts = msgspec.json.Decoder(tuple[str, ...])
_reasons = msgspec.json.Decoder(tuple[ReasonCount, ...])
_changes = msgspec.json.Decoder(tuple[TableChange, ...])
_moves = msgspec.json.Decoder(tuple[Move, ...])


def encode_json(value: object) -> str:
    """JSON text with sorted keys, so that equal values are equal text."""
    return _encoder.encode(value).decode()


def decode_mapping(text: str) -> dict[str, Any]:
    """The JSON object of a column."""
    return {} if text == "{}" else _mapping.decode(text)


def decode_numbers(text: str) -> dict[str, int]:
    """A JSON object of integers: versions by name."""
    return {} if text == "{}" else _numbers.decode(text)


def decode_texts(text: str) -> tuple[str, ...]:
    """A JSON list of texts."""
    return () if text == "[]" else _texts.decode(text)


def decode_changes(text: str) -> tuple[TableChange, ...]:
    """The table changes of a publication's intent."""
    return _changes.decode(text)


def decode_moves(text: str) -> tuple[Move, ...]:
    """The moves of a publication's intent."""
    return _moves.decode(text)


def encode_time(moment: datetime) -> str:
    """RFC 3339 in UTC with six digits, such as 2026-03-01T09:30:00.000000Z: as text in the order of time."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def decode_time(text: str) -> datetime:
    """The moment of `encode_time`."""
    return datetime.fromisoformat(text)


def encode_optional_time(moment: datetime | None) -> str | None:
    """The same of a moment that may not have come."""
    return None if moment is None else encode_time(moment)


def decode_optional_time(text: str | None) -> datetime | None:
    """The moment of `encode_optional_time`."""
    return None if text is None else decode_time(text)


def encode_delivery(delivery: Delivery) -> dict[str, Any]:
    """All columns of a delivery but `claim`."""
    return {
        "landing_number": delivery.landing_number,
        "id": delivery.id,
        "kind": delivery.kind.value,
        "name": delivery.name,
        "origin": delivery.origin,
        "sender": delivery.sender,
        "sha256": delivery.sha256,
        "size_bytes": delivery.size_bytes,
        "run": delivery.run,
        "landed_at": encode_time(delivery.landed_at),
        **encode_changeable(delivery),
    }


def encode_changeable(delivery: Delivery) -> dict[str, Any]:
    """The columns that a move may change; what arrived and when stays as it was registered."""
    return {
        "flow": delivery.flow,
        "form": encode_json(delivery.form),
        "state": delivery.state.value,
        **_encode_counts(delivery.counts),
        "reasons": encode_json(delivery.reasons),
        "held_for": encode_json(delivery.held_for),
        "released": delivery.released,
        "note": delivery.note,
        "publication": delivery.publication,
        "contract": delivery.contract,
        "parameters": encode_json(delivery.parameters),
        "facts": encode_json(delivery.facts),
        "tries": delivery.tries,
        "superseded_by": delivery.superseded_by,
    }


def _encode_counts(counts: Counts | None) -> Mapping[str, int | None]:
    if counts is None:
        return dict.fromkeys(("received", "accepted", "held", "rejected", "duplicate", "warned"))
    return {
        "received": counts.received,
        "accepted": counts.accepted,
        "held": counts.held,
        "rejected": counts.rejected,
        "duplicate": counts.duplicate,
        "warned": counts.warned,
    }


def decode_delivery(row: Iterable[Any]) -> Delivery:
    """The record of a row with DELIVERY_COLUMNS. Unpacked at once: thousands of rows are decoded for one batch."""
    (
        landing_number, id_, flow, kind, name, origin, sender, sha256, size_bytes, form, state, run, landed_at,
        received, accepted, held, rejected, duplicate, warned, reasons, held_for, released, note, publication,
        contract, parameters, facts, tries, superseded_by,
    ) = row  # fmt: skip
    counts = None
    if received is not None:
        counts = Counts(
            received=received, accepted=accepted, held=held, rejected=rejected, duplicate=duplicate, warned=warned
        )
    return Delivery(
        id=id_,
        landing_number=landing_number,
        flow=flow,
        kind=_KINDS[kind],
        name=name,
        origin=origin,
        sender=sender,
        sha256=sha256,
        size_bytes=size_bytes,
        form=decode_mapping(form),
        state=_STATES[state],
        run=run,
        landed_at=decode_time(landed_at),
        counts=counts,
        reasons=() if reasons == "[]" else _reasons.decode(reasons),
        held_for=decode_texts(held_for),
        released=released,
        note=note,
        publication=publication,
        contract=contract,
        parameters=decode_numbers(parameters),
        facts=decode_mapping(facts),
        tries=tries,
        superseded_by=superseded_by,
    )
