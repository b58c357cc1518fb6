"""Charts of the pages, drawn as the report draws: lengths are attributes, colours are classes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec
from markupsafe import Markup

from headgate.core.records import Counts
from headgate.serve.report_markup import Markup as Drawn
from headgate.serve.report_markup import element
from headgate.serve.report_numbers import day_short, fixed
from headgate.serve.report_svg import bar, drawing, length, named, round_step, text_at

_SPARK_WIDTH, _SPARK_HEIGHT = 144.0, 28.0
_WIDTH, _RIGHT, _LEFT = 600.0, 545.0, 48.0
_ABOVE, _BELOW = 128.0, 200.0  # y of the two axes
_TALLEST, _DEEPEST = 92.0, 44.0
_LABEL_EVERY = 3  # days


class VolumeChart(msgspec.Struct, frozen=True, kw_only=True):
    """Two weeks of one flow."""

    flow: str
    picture: Markup


def spark(days: Sequence[int]) -> Markup:
    """Bars of a row's height, today's the darkest."""
    most = max(days, default=0) or 1
    step = (_SPARK_WIDTH + 2) / max(len(days), 1)
    bars = []
    for place, rows in enumerate(days):
        height = max(26 * rows / most, 1.0 if rows else 0.0)
        role = "f-deep" if place == len(days) - 1 else "f-water"
        bars.append(bar(role, x=place * step, y=_SPARK_HEIGHT - height, width=step - 2, height=height))
    axis = element("path", class_="axis", d=f"M0 {length(_SPARK_HEIGHT + 0.5)}H{length(_SPARK_WIDTH)}")
    told = f"from {fixed(min(days, default=0))} to {fixed(max(days, default=0))} rows a day"
    drawn = element("svg", *bars, axis, class_="spark", viewBox="0 0 144 30", role="img", aria_label=told)
    return _finished(drawn)


def volume_chart(flow: str, days: Sequence[date], counts: Sequence[Counts]) -> VolumeChart | None:
    """Rows received a day, and below on a scale of their own those that were not published; None for none at all."""
    most = max((one.received for one in counts), default=0)
    if not most:
        return None
    lost = max(one.held + one.rejected + one.duplicate for one in counts)
    step = (_RIGHT - _LEFT) / len(days)
    parts = [*_axis(_ABOVE, _TALLEST, most), *_axis(_BELOW, _DEEPEST, lost)]
    for place, (day, one) in enumerate(zip(days, counts, strict=True)):
        x, wide = _LEFT + place * step + step * 0.16, step * 0.68
        parts += _day(x, wide, one, most=most, lost=lost, today=place == len(days) - 1)
        behind = len(days) - 1 - place
        if behind % _LABEL_EVERY == 0:
            label = day_short(day) if behind else "today"
            parts.append(text_at(x + wide / 2, 222, label, "soft center"))
    now = counts[-1]
    title = f"{flow}: rows a day, last {len(days)} days; received above, not published below"
    finding = (
        f"Up to {fixed(most)} rows were received a day. Today {fixed(now.received)} were received, of which "
        f"{fixed(now.held)} were held, {fixed(now.rejected)} rejected and {fixed(now.duplicate)} were duplicates."
    )
    drawn = drawing(_WIDTH, 236, named("vol", title, finding), *parts, name="vol")
    return VolumeChart(flow=flow, picture=_finished(drawn))


def _finished(drawn: Drawn) -> Markup:
    """What was escaped when it was drawn, so that a template leaves it as it is."""
    return Markup(drawn)  # noqa: S704


def _axis(y: float, tall: float, most: int) -> list[Drawn]:
    """The axis, with at most two lines of a round step above it."""
    drawn = [
        element("path", class_="axis", d=f"M{length(_LEFT)} {length(y)}H{length(_RIGHT)}"),
        text_at(40, y + 4, "0", "soft end"),
    ]
    if not most:
        return drawn
    step = max(round_step(most, 2), 1)
    value = step
    while value <= most:
        place = y - tall * value / most
        drawn.append(element("path", class_="grid", d=f"M{length(_LEFT)} {length(place)}H{length(_RIGHT)}"))
        drawn.append(text_at(40, place + 4, fixed(value), "soft end"))
        value += step
    return drawn


def _day(x: float, wide: float, one: Counts, *, most: int, lost: int, today: bool) -> list[Drawn]:
    tall = _TALLEST * one.received / most
    drawn = [bar("f-deep" if today else "f-water", x=x, y=_ABOVE - tall, width=wide, height=tall)]
    if today and one.received:
        drawn.append(text_at(x + wide / 2, _ABOVE - tall - 6, fixed(one.received), "strong center"))
    y = _BELOW
    for role, rows in (("f-held", one.held), ("f-rejected", one.rejected), ("f-duplicate", one.duplicate)):
        if rows:
            height = _DEEPEST * rows / lost
            y -= height
            drawn.append(bar(role, x=x, y=y, width=wide, height=height))
    if today and lost:
        named_rows = (("H", one.held), ("R", one.rejected), ("D", one.duplicate))
        told = [f"{letter} {fixed(rows)}" for letter, rows in named_rows if rows]
        drawn += [text_at(x + wide + 6, _BELOW - 4 - 17 * place, text) for place, text in enumerate(told)]
    return drawn
