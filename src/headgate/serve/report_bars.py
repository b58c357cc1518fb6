"""Lying bars, one a name: label to the left, value at the bar's end."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from headgate.serve import report_numbers as numbers
from headgate.serve.report_forms import NamedBar, ShownBars, scale_words
from headgate.serve.report_markup import Markup, element
from headgate.serve.report_svg import bar, drawing, length, named, shorten, text_at, text_width

_WIDTH = 420.0
_PITCH = 22.0
_THICK = 15.0
_LETTER = 14.0  # on a phone the letters are larger: room is measured for those
_WIDEST_LABEL = 150.0


class _Plot(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bars stand."""

    gutter: float  # width of the labels
    zero: float  # x of the value 0
    unit: float  # length of one
    divisor: Decimal
    digits: int

    def label(self, value: Decimal) -> str:
        return numbers.fixed(value / self.divisor, self.digits)


def draw_bars(shown: ShownBars, *, name: str, title: str, currency: str) -> Markup:
    """The chart as SVG; `name` is the prefix of its ids. It needs at least one bar."""
    plot = _plot(shown)
    unit = scale_words(_known(shown), shown.unit or currency)
    height = _PITCH * len(shown.bars) + 6
    best = max((each for each in shown.bars if each.value is not None), key=_value, default=None)
    rows = [
        piece
        for index, each in enumerate(shown.bars)
        for piece in _row(plot, each, 5 + index * _PITCH, deep=shown.highlight and each is best)
    ]
    return drawing(
        _WIDTH,
        height,
        named(name, f"{title}, {unit}" if unit else title, finding(shown, plot)),
        *rows,
        element("path", class_="axis", d=f"M{length(plot.zero)} 0V{length(height)}"),
        name=name,
    )


def finding(shown: ShownBars, plot: _Plot) -> str:
    """Every bar in words: names in full, since the drawing may cut them."""
    said = [
        f"{each.label} {numbers.DASH if each.value is None else plot.label(each.value)}"
        + (" so far" if each.unfinished else "")
        for each in shown.bars
    ]
    return ", ".join(said) + "."


def _plot(shown: ShownBars) -> _Plot:
    known = _known(shown)
    divisor, _ = numbers.scale_of(known)
    largest = max((abs(value / divisor) for value in known), default=Decimal(0))
    whole = all(value == value.to_integral_value() for value in known) and divisor == 1
    digits = 0 if whole else numbers.digits_for(largest)
    widest = max(text_width(numbers.fixed(value / divisor, digits), _LETTER) for value in [*known, Decimal(0)])
    gutter = min(_WIDEST_LABEL, max(text_width(each.label, _LETTER) for each in shown.bars)) + 8
    low = float(min([*known, Decimal(0)]) / divisor)
    high = float(max([*known, Decimal(0)]) / divisor)
    room = _WIDTH - gutter - widest - 8 - (widest + 8 if low < 0 else 0)
    unit = room / (high - low) if high > low else 0.0
    zero = gutter + (widest + 8 if low < 0 else 0) - low * unit
    return _Plot(gutter=gutter, zero=zero, unit=unit, divisor=divisor, digits=digits)


def _known(shown: ShownBars) -> list[Decimal]:
    return [each.value for each in shown.bars if each.value is not None]


def _value(each: NamedBar) -> Decimal:
    return each.value if each.value is not None else Decimal(0)


def _row(plot: _Plot, each: NamedBar, y: float, *, deep: bool) -> list[Markup]:
    label = text_at(plot.gutter - 8, y + 12, shorten(each.label, _WIDEST_LABEL, _LETTER), "end")
    if each.value is None:
        return [label, text_at(plot.zero + 6, y + 12, numbers.DASH, "soft")]
    reach = float(each.value / plot.divisor) * plot.unit
    role = "f-open" if each.unfinished else "f-deep" if deep else "f-water" if reach >= 0 else "f-rejected"
    drawn = bar(role, x=plot.zero + min(reach, 0), y=y, width=abs(reach), height=_THICK)
    end = plot.zero + reach + (6 if reach >= 0 else -6)
    text = text_at(end, y + 12, plot.label(each.value), " ".join(["strong"] * deep + ["end"] * (reach < 0)))
    return [label, drawn, text]
