"""The JSON document of a report, and the digest over its figures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import rfc8785

from headgate.serve.report_facts import Balance, DeliveryFacts, ReasonFacts, RunFacts
from headgate.serve.report_figures import ReportFigures, SectionFigures
from headgate.serve.report_formats import Value
from headgate.serve.report_markup import clean
from headgate.serve.report_numbers import utc
from headgate.serve.report_sentence import Words, plain
from headgate.serve.report_trust import in_order

SCHEMA = "headgate-report/1"
"""Name and version of the document's form; the number rises when a reader of the old form would read it wrong."""

_LARGEST_INTEGER = 2**53 - 1  # RFC 8785 numbers are doubles: larger integers would not come back as they were

Json = dict[str, Any]


def figures_document(figures: ReportFigures) -> Json:
    """All figures as plain JSON values: decimals and large integers as text, times in UTC with six digits and Z."""
    facts = figures.facts
    return {
        "flow": clean(facts.flow),
        "title": clean(facts.flow_title),
        "currency": figures.definition.currency or None,
        "run": {"id": facts.run_id, "started": _json(facts.started), "ended": _json(facts.ended)},
        "balance": _balance(facts.balance),
        "acceptance": _json(_rounded(facts.balance.acceptance)),
        "threshold": _json(facts.threshold),
        "reasons": [_reason(reason) for reason in in_order(facts.reasons)],
        "warnings": [_reason(warning) for warning in in_order(facts.warnings)],
        "deliveries": [_delivery(delivery) for delivery in facts.deliveries],
        **_made(facts),
        "report_definition": figures.definition.digest or None,
        "values": _row(figures.values),
        "key_figures": [
            {"label": each.label, "value": each.value, "unit": each.unit, "note": each.note}
            for each in figures.key_figures
        ],
        "sections": [_section(section) for section in figures.sections],
    }


def digest_of(document: Json) -> str:
    """SHA-256, hexadecimal, over the RFC 8785 bytes of the figures."""
    return hashlib.sha256(rfc8785.dumps(document)).hexdigest()


def document_bytes(figures: ReportFigures, document: Json, *, template: str) -> bytes:
    """The whole document as UTF-8: the figures, their digest, and the sentences that were made from them."""
    whole = {
        "schema": SCHEMA,
        "template": template,
        "headgate": figures.facts.headgate_version,
        "figures_sha256": digest_of(document),
        "headline": clean(plain(figures.headline)),
        "lead": _sentences(figures.lead),
        "insights": _sentences(figures.insights),
        "figures": document,
    }
    return (json.dumps(whole, ensure_ascii=False, allow_nan=False, indent=2) + "\n").encode()


def file_name(facts: RunFacts, suffix: str) -> str:
    """`processed_sales_20261120_080000.json`, by the start of the run in UTC; `suffix` is json or html."""
    return f"processed_{facts.flow}_{facts.started:%Y%m%d_%H%M%S}.{suffix}"


def _balance(balance: Balance) -> Json:
    return {
        "received": balance.received,
        "published": balance.published,
        "held": balance.held,
        "rejected": balance.rejected,
        "duplicate": balance.duplicate,
    }


def _reason(reason: ReasonFacts) -> Json:
    return {
        "verdict": reason.verdict.value if reason.verdict else None,
        "code": reason.code,
        "column": clean(reason.column),
        "rows": reason.rows,
        "share": _json(reason.share),
        "usual_share": _json(reason.usual_share),
        "description": clean(reason.description),
    }


def _delivery(delivery: DeliveryFacts) -> Json:
    return {
        "id": delivery.id,
        "file": clean(delivery.file),
        "state": delivery.state.value,
        "counts": _balance(delivery.counts) if delivery.counts else None,
        "held_as_a_whole": None if delivery.held_reason is None else clean(delivery.held_reason),
    }


def _made(facts: RunFacts) -> Json:
    contract = facts.contract
    return {
        "contract": {
            "name": contract.name,
            "version": contract.version,
            "sha256": contract.digest,
            "rules": contract.rules,
        },
        "parameters": [
            {"name": each.name, "version": each.version, "value": clean(each.value)} for each in facts.parameters
        ],
        "tables": [{"name": each.name, "version": each.version, "sha256": each.digest} for each in facts.tables],
    }


def _section(section: SectionFigures) -> Json:
    return {
        "id": section.section.id,
        "title": section.section.title,
        "rows_in_all": section.total,
        "rows": [_row(row) for row in section.rows],
    }


def _row(row: Mapping[str, Value]) -> Json:
    return {name: _json(value) for name, value in row.items()}


def _sentences(sentences: Sequence[Words]) -> list[str]:
    return [clean(plain(sentence)) for sentence in sentences]


def _rounded(share: Decimal | None) -> Decimal | None:
    """Six digits are more than enough for a share, and do not depend on the context's precision."""
    return None if share is None else share.quantize(Decimal("0.000001"))


def _json(value: Value) -> object:
    match value:
        case bool() | None | float():
            return value
        case int():
            return value if abs(value) <= _LARGEST_INTEGER else str(value)
        case Decimal():
            return format(value, "f")
        case datetime():
            return f"{utc(value):%Y-%m-%dT%H:%M:%S.%f}Z"
        case date():
            return value.isoformat()
        case _:
            return clean(value)
