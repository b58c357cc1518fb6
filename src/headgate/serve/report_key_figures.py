"""Key figures: a label, a value, its unit and a note."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from headgate.serve.report_definition import KeyFigure
from headgate.serve.report_formats import Value
from headgate.serve.report_numbers import DASH
from headgate.serve.report_sentence import fill, plain


class KeyFigureShown(msgspec.Struct, frozen=True, kw_only=True):
    """One figure, ready to be set."""

    label: str
    value: str  # a dash where it is not known
    unit: str
    note: str


def show_figures(
    figures: Sequence[KeyFigure], values: Mapping[str, Value], currency: str
) -> tuple[KeyFigureShown, ...]:
    """The figures with their values; a note with a NULL in it is left out, a value becomes a dash."""
    shown = []
    for figure in figures:
        value = fill(figure.value, values, currency)
        note = fill(figure.note, values, currency) if figure.note else None
        shown.append(
            KeyFigureShown(
                label=figure.label,
                value=plain(value) if value is not None else DASH,
                unit=figure.unit if value is not None else "",
                note=plain(note) if note is not None else "",
            )
        )
    return tuple(shown)
