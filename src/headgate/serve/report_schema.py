"""The shape of report.yaml as JSON Schema (draft 2020-12); what a schema cannot say, `report_reading` checks."""

from __future__ import annotations

from typing import Any

from headgate.serve.report_formats import FORMATS
from headgate.serve.report_standard import STANDARD

VERSION = 1
"""Of the form of report.yaml, in its key `report`."""

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_NAME: dict[str, Any] = {"type": "string", "pattern": "^[a-z_][a-z0-9_]*$"}
_ANCHOR: dict[str, Any] = {"type": "string", "pattern": "^[a-z][a-z0-9-]*$"}
_UNIT: dict[str, Any] = {"type": "string", "maxLength": 20}


def _object(required: tuple[str, ...], **properties: Any) -> dict[str, Any]:  # noqa: ANN401 — JSON Schema
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": properties}


_SENTENCE: dict[str, Any] = _object((), text=_TEXT, use={"enum": sorted(STANDARD)}, sql=_TEXT, when=_TEXT)
_SENTENCES: dict[str, Any] = {"type": "array", "items": _SENTENCE, "maxItems": 40}
_FIGURES: dict[str, Any] = {
    "type": "array",
    "maxItems": 12,
    "items": _object(("label", "value"), label=_TEXT, value=_TEXT, unit=_UNIT, note=_TEXT),
}
_TABLE_COLUMN = _object(
    ("name", "head"), name=_NAME, head=_TEXT, format={"enum": sorted(FORMATS)}, strong={"type": "boolean"}
)
_COMMON: dict[str, Any] = {
    "id": _ANCHOR,
    "title": _TEXT,
    "subtitle": _TEXT,
    "form": {},
    "sql": _TEXT,
    "half": {"type": "boolean"},
    "limit": {"type": "integer", "minimum": 1, "maximum": 400},
    "empty": _TEXT,
}
_BASE = ("id", "title", "form", "sql")

FORMS: dict[str, dict[str, Any]] = {
    "figures": _object((*_BASE, "figures"), **_COMMON, figures={**_FIGURES, "minItems": 1}),
    "columns": _object(
        (*_BASE, "day", "value"), **_COMMON, day=_NAME, value=_NAME, unit=_UNIT, unfinished=_NAME, unfinished_note=_TEXT
    ),
    "bars": _object(
        (*_BASE, "label", "value"),
        **_COMMON,
        label=_NAME,
        value=_NAME,
        unit=_UNIT,
        unfinished=_NAME,
        highlight={"type": "boolean"},
    ),
    "table": _object(
        (*_BASE, "columns"), **_COMMON, columns={"type": "array", "items": _TABLE_COLUMN, "minItems": 1, "maxItems": 12}
    ),
    "findings": _object(
        (*_BASE, "score", "finding"), **_COMMON, score=_NAME, finding=_TEXT, detail=_TEXT, outcome=_TEXT
    ),
}
"""Form of a section -> its schema."""

DOCUMENT: dict[str, Any] = _object(
    ("report",),
    report={"const": VERSION},
    currency={"type": "string", "pattern": "^[A-Z]{3}$"},
    values={"type": "object", "propertyNames": _NAME, "additionalProperties": _TEXT},
    headline=_SENTENCES,
    lead=_SENTENCES,
    insights=_SENTENCES,
    figures=_FIGURES,
    sections={
        "type": "array",
        "maxItems": 40,
        "items": {
            "type": "object",
            "required": ["form"],
            "properties": {"form": {"enum": sorted(FORMS)}},
        },
    },
)
"""The whole document; each section is checked again by its form, so that a message names one form only."""
