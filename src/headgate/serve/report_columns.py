"""Bars by day: weekends marked, the highest day in full colour, an unfinished day dashed."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from math import ceil, floor

import msgspec

from headgate.serve import report_numbers as numbers
from headgate.serve.report_forms import DayBar, ShownColumns, scale_words
from headgate.serve.report_markup import Markup, element, join
from headgate.serve.report_svg import bar, drawing, length, named, round_step, text_at, text_width

WIDE = 860.0
NARROW = 360.0
_TOP = 45.0
_GROUND = 212.0
_HEIGHT = 250.0
_SATURDAY = 5
_LINE = 14.0  # height of a line of text
_WIDEST_BAR = 56.0
_DAY_NAME = 52.0  # least room from one day's label to the next: for a name
_DAY_NUMBER = 76.0  # for a number


class _Plot(msgspec.Struct, frozen=True, kw_only=True):
    """Where days and values stand."""

    shown: ShownColumns
    left: float
    right: float
    divisor: Decimal
    digits: int
    low: float  # of the axis, scaled; 0 or below
    high: float
    step: float

    @property
    def first(self) -> date:
        return self.shown.bars[0].day

    @property
    def days(self) -> int:
        return (self.shown.bars[-1].day - self.first).days + 1

    @property
    def pitch(self) -> float:
        return min((self.right - self.left) / self.days, _WIDEST_BAR)

    def x(self, day: date) -> float:
        return self.left + (day - self.first).days * self.pitch

    def middle(self, day: date) -> float:
        return self.x(day) + self.pitch / 2

    def y(self, value: float) -> float:
        return _GROUND - (value - self.low) / (self.high - self.low) * (_GROUND - _TOP)

    def scaled(self, bar: DayBar) -> float:
        return float(bar.value / self.divisor)

    def label(self, bar: DayBar) -> str:
        return numbers.fixed(bar.value / self.divisor, self.digits)


def draw_columns(shown: ShownColumns, *, name: str, title: str, currency: str, width: float = WIDE) -> Markup:
    """The chart as SVG, `width` units wide; `name` is the prefix of its ids. It needs at least one bar."""
    plot = _plot(shown, width)
    unit = scale_words([bar.value for bar in shown.bars], shown.unit or currency)
    best = _highest(shown)
    return drawing(
        width,
        _HEIGHT,
        named(name, f"{title}, {unit}" if unit else title, finding(shown, currency)),
        text_at(0, 10, unit, "soft"),
        *_axis(plot, width),
        *(_bar(plot, each, highest=each is best) for each in shown.bars),
        *_weekends(plot),
        *_day_labels(plot),
        *_value_labels(plot, best),
        name=name,
    )


def finding(shown: ShownColumns, currency: str) -> str:
    """What the chart says, in words."""
    unit = shown.unit or currency
    best = _highest(shown)
    said = []
    if best:
        said.append(f"The highest day is {_weekday(best.day)} with {_said(best.value, unit)}.")
        whole = [bar.value for bar in shown.bars if not bar.unfinished]
        if len(whole) > 1:
            said.append(f"The lowest has {_said(min(whole), unit)}.")
    said.extend(
        f"{_weekday(each.day)} stands at {_said(each.value, unit)} {shown.unfinished_note}".rstrip() + "."
        for each in shown.bars
        if each.unfinished
    )
    return " ".join(said)


def _weekday(day: date) -> str:
    return f"{numbers.weekday_name(day)}, {numbers.full_date(day)}"


def _said(value: Decimal, unit: str) -> str:
    text = numbers.short(value) if unit else numbers.fixed(value)
    return f"{text} {unit}".strip()


def _plot(shown: ShownColumns, width: float) -> _Plot:
    divisor, _ = numbers.scale_of([bar.value for bar in shown.bars])
    values = [float(bar.value / divisor) for bar in shown.bars]
    low, high = min(0.0, *values), max(0.0, *values)
    step = round_step(high - low) if shown.unit else max(1.0, round_step(high - low))
    digits = numbers.digits_for(Decimal(repr(max(abs(low), abs(high))))) if divisor > 1 or shown.unit else 0
    ground = floor(low / step) * step
    # The axis ends at the highest bar, not at the next line, so that the bars use the height.
    top = max(high, step if high else 0.0, ground + step)
    ticks = [numbers.fixed(number, _tick_digits(step)) for number in (ground, ceil(top / step) * step)]
    left = max(text_width(tick) for tick in ticks) + 14
    return _Plot(
        shown=shown, left=left, right=width - 10, divisor=divisor, digits=digits, low=ground, high=top, step=step
    )


def _tick(value: float, step: float) -> str:
    return numbers.fixed(value, _tick_digits(step)) if value else "0"


def _tick_digits(step: float) -> int:
    return 0 if step >= 1 else len(f"{step:.6f}".rstrip("0")) - 2


def _axis(plot: _Plot, width: float) -> list[Markup]:
    lines = []
    for number in range(round(plot.low / plot.step), floor(plot.high / plot.step + 1e-9) + 1):
        value = number * plot.step
        y = plot.y(value)
        role = "axis" if number == 0 else "grid"
        lines.append(element("path", class_=role, d=f"M{length(plot.left - 4)} {length(y)}H{length(width - 4)}"))
        lines.append(text_at(plot.left - 10, y + 4, _tick(value, plot.step), "soft end"))
    return lines


def _bar(plot: _Plot, each: DayBar, *, highest: bool) -> Markup:
    value = plot.scaled(each)
    role = "f-open" if each.unfinished else "f-deep" if highest else "f-water" if value >= 0 else "f-rejected"
    gap = min(4.0, plot.pitch * 0.18)
    top, foot = plot.y(max(value, 0)), plot.y(min(value, 0))
    return bar(role, x=plot.x(each.day) + gap / 2, y=top, width=plot.pitch - gap, height=foot - top)


def _highest(shown: ShownColumns) -> DayBar | None:
    whole = [bar for bar in shown.bars if not bar.unfinished]
    return max(whole, key=lambda bar: bar.value, default=None)


def _weekends(plot: _Plot) -> list[Markup]:
    marks = []
    room = plot.pitch * 7 > text_width("Sat, Sun") + 8
    for number in range(plot.days):
        day = plot.first + timedelta(days=number)
        whole = number + 1 < plot.days - (1 if plot.shown.unfinished_note else 0)
        if day.weekday() == _SATURDAY and whole:
            middle = plot.x(day) + plot.pitch
            marks.append(
                element(
                    "path",
                    class_="axis",
                    d=f"M{length(plot.x(day) + 1)} {length(_GROUND + 3)}h{length(plot.pitch * 2 - 2)}",
                )
            )
            if room and _free(plot, middle):
                marks.append(text_at(middle, _GROUND + 31, "Sat, Sun", "soft center"))
    return marks


def _free(plot: _Plot, middle: float) -> bool:
    """True where the label of a weekend does not run into the note under an unfinished day."""
    note = plot.shown.unfinished_note
    if not note:
        return True
    taken = plot.middle(plot.shown.bars[-1].day)
    return abs(taken - middle) > (text_width("Sat, Sun") + text_width(note)) / 2 + 6


def _day_labels(plot: _Plot) -> list[Markup]:
    """First and last day and each first of a month by name, days between them by number where there is room."""
    days = [plot.first + timedelta(days=number) for number in range(plot.days)]
    chosen = [days[0]]
    if plot.days > 1:
        chosen.append(days[-1])
    for day in [*(day for day in days if day.day == 1), *days]:
        name = _DAY_NAME if day.day == 1 else _DAY_NUMBER
        if all(abs(plot.x(day) - plot.x(other)) >= name for other in chosen):
            chosen.append(day)
    return [text_at(plot.middle(day), _GROUND + 17, _day_label(plot, day), "soft center") for day in sorted(chosen)]


def _day_label(plot: _Plot, day: date) -> str:
    named_ = day.day == 1 or day in {plot.first, plot.shown.bars[-1].day}
    return numbers.day_short(day) if named_ else str(day.day)


def _value_labels(plot: _Plot, best: DayBar | None) -> list[Markup]:
    """The highest, the last whole day and the unfinished one, each only where it does not run into the one before."""
    whole = [bar for bar in plot.shown.bars if not bar.unfinished]
    unfinished = [bar for bar in plot.shown.bars if bar.unfinished]
    wanted = [(each, "strong center") for each in (best, whole[-1] if whole else None) if each]
    wanted += [(each, "center") for each in unfinished[-1:]]
    labels: list[Markup] = []
    taken: list[tuple[float, float]] = []
    for each, role in wanted:
        x, y = plot.middle(each.day), plot.y(max(plot.scaled(each), 0)) - 6
        wide = text_width(plot.label(each)) + 2
        if all(abs(x - other) >= wide or abs(y - height) >= _LINE for other, height in taken):
            labels.append(text_at(x, y, plot.label(each), role))
            taken.append((x, y))
    if unfinished and plot.shown.unfinished_note:
        labels.append(text_at(plot.middle(unfinished[-1].day), _GROUND + 31, plot.shown.unfinished_note, "soft center"))
    return [join(*labels)]
