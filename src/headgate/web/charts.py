"""Charts of several flows and of times: shares with their threshold, seconds to publication, rows by flow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from statistics import median

import msgspec
from markupsafe import Markup

from headgate.serve.report_bars import draw_bars
from headgate.serve.report_forms import NamedBar, ShownBars
from headgate.serve.report_markup import Markup as Drawn
from headgate.serve.report_markup import element
from headgate.serve.report_numbers import day_short, fixed, percent, percent_exact
from headgate.serve.report_svg import drawing, length, named, round_step, shorten, text_at

_WIDTH = 600.0
_LEFT = 48.0
_NAMED = 6  # lines that bear their name
_PITCH = 19.0  # between two names
_LABEL_EVERY = 3  # days
_BARS = 8  # flows with a bar of their own


class ShareLine(msgspec.Struct, frozen=True, kw_only=True):
    """A flow's share of accepted rows by day; None for a day without rows."""

    flow: str
    shares: tuple[float | None, ...]
    threshold: float
    rows: int  # of all days: the busiest line is in colour

    @property
    def last(self) -> float | None:
        """The newest share that there is."""
        return next((share for share in reversed(self.shares) if share is not None), None)

    @property
    def is_below(self) -> bool:
        """Whether the newest share is under the threshold."""
        return self.last is not None and self.last < self.threshold


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A picture with what it shows in words."""

    picture: Markup
    finding: str
    unit: str = ""


def reason_bar(role: str, rows: int, most: int) -> Markup:
    """A lying bar in a table's cell, 120 units for the most."""
    wide = 120 * rows / most if most else 0.0
    bar = element("rect", class_=role, x="0", y="4.5", width=length(max(wide, 1.0 if rows else 0.0)), height="10")
    axis = element("path", class_="axis", d="M0 1.5v16")
    return _finished(element("svg", bar, axis, class_="bar", viewBox="0 0 120 19", aria_hidden="true"))


# ── Shares ───────────────────────────────────────────────────────────────────────────────────────────────────────────
_TOP, _BOTTOM, _RIGHT = 14.0, 190.0, 440.0
_MIDDLE = 100.0


def share_chart(lines: Sequence[ShareLine], days: Sequence[date]) -> Chart | None:
    """Share of rows accepted by day, a line a flow; the worst in brick, the busiest in colour. None for no rows."""
    drawn = [line for line in lines if line.last is not None]
    if not drawn:
        return None
    worst = min((line for line in drawn if line.is_below), key=lambda line: line.last or 0.0, default=None)
    busiest = max(drawn, key=lambda line: line.rows)
    least = min(min(share for share in line.shares if share is not None) for line in drawn)
    told = worst or busiest
    low = _lowest(min(least, told.threshold))
    parts = [*_grid(low), *_days(days)]
    y = _y(told.threshold, low)
    whose = "" if len({line.threshold for line in drawn}) == 1 else f" of {shorten(told.flow, 120)}"
    parts.append(element("path", class_="rule", d=f"M{length(_LEFT)} {length(y)}H{length(_RIGHT)}"))
    parts.append(
        text_at(_LEFT + 4, y + 14 if y < _MIDDLE else y - 5, f"threshold{whose} {percent_exact(told.threshold)}")
    )
    for line in sorted(drawn, key=lambda line: (line is told, line is busiest)):
        parts += _line(line, low, "bad" if line is worst else "hot" if line is busiest else "")
    parts += _names(drawn, low, worst, busiest)
    finding = _share_finding(drawn, worst)
    title = f"Share of rows accepted by day, last {len(days)} days"
    picture = drawing(_WIDTH, 236, named("share", title, finding), *parts, name="share")
    return Chart(picture=_finished(picture), finding=finding)


def _lowest(least: float) -> float:
    """Where the axis begins: a round share a little below the least."""
    for low in (0.99, 0.98, 0.96, 0.92, 0.9, 0.8, 0.6, 0.5, 0.2):
        if least - (1 - low) * 0.08 >= low:
            return low
    return 0.0


def _y(share: float, low: float) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * (share - low) / (1 - low)


def _x(place: int, count: int) -> float:
    return _LEFT + (_RIGHT - _LEFT) * (place / (count - 1) if count > 1 else 1.0)


def _grid(low: float) -> Iterator[Drawn]:
    for place in range(5):
        share = low + (1 - low) * place / 4
        y = _y(share, low)
        yield element("path", class_="grid" if place else "axis", d=f"M{length(_LEFT)} {length(y)}H{length(_RIGHT)}")
        yield text_at(40, y + 4, percent_exact(round(share, 6)) if place in {0, 4} else f"{share * 100:g}", "soft end")


def _days(days: Sequence[date]) -> Iterator[Drawn]:
    for place, day in enumerate(days):
        behind, x = len(days) - 1 - place, _x(place, len(days))
        labelled = behind % _LABEL_EVERY == 0
        yield element("path", class_="axis", d=f"M{length(x)} {length(_BOTTOM)}v{7 if labelled else 4}")
        if labelled:
            yield text_at(x, 214, day_short(day) if behind else "today", "soft center")


def _line(line: ShareLine, low: float, role: str) -> Iterator[Drawn]:
    """Stretches of days that have rows; a day by itself is a point."""
    count = len(line.shares)
    points = [(_x(place, count), share) for place, share in enumerate(line.shares)]
    for has_rows, stretch in groupby(points, key=lambda point: point[1] is not None):
        places = [(x, _y(share, low)) for x, share in stretch if share is not None]
        if has_rows and len(places) > 1:
            d = "L".join(f"{length(x)} {length(y)}" for x, y in places)
            yield element("path", class_=f"line {role}".strip(), d=f"M{d}")
        elif has_rows:
            (x, y) = places[0]
            dot = {"bad": "f-bad", "hot": "f-deep"}.get(role, "f-soft")
            yield element("circle", class_=dot, cx=length(x), cy=length(y), r="2.5")
    if role and line.shares[-1] is not None:
        dot = "f-bad" if role == "bad" else "f-deep"
        yield element("circle", class_=dot, cx=length(_RIGHT), cy=length(_y(line.shares[-1], low)), r="3.5")


def _names(lines: Sequence[ShareLine], low: float, worst: ShareLine | None, busiest: ShareLine) -> Iterator[Drawn]:
    """Names at the lines' ends, pushed apart; of many lines those that matter, and the number of the others."""
    kept = sorted(lines, key=lambda line: (line is not worst, line is not busiest, not line.is_below, -line.rows))
    shown = sorted(kept[:_NAMED], key=lambda line: -(line.last or 0.0))
    places = [_y(line.last or 0.0, low) + 4 for line in shown]
    for place in range(1, len(places)):
        places[place] = max(places[place], places[place - 1] + _PITCH)
    room = _BOTTOM + 6
    for place in reversed(range(len(places))):
        places[place] = min(places[place], room)
        room = places[place] - _PITCH
    for line, y in zip(shown, places, strict=True):
        at = _y(line.last or 0.0, low)
        if abs(y - 4 - at) > 6:  # noqa: PLR2004  far from its line: it is led there
            yield element(
                "path", class_="lead-line", d=f"M{length(_RIGHT + 2)} {length(at)}L{length(_RIGHT + 9)} {length(y - 4)}"
            )
        text = f"{shorten(line.flow, 90)} {percent(line.last or 0.0).removesuffix(chr(0xA0) + '%')}"
        yield text_at(_RIGHT + 12, y, text, "strong" if line is worst or line is busiest else "soft")
    if len(lines) > len(shown):
        yield text_at(_RIGHT + 12, 230, f"and {len(lines) - len(shown)} more flows", "soft")


def _share_finding(lines: Sequence[ShareLine], worst: ShareLine | None) -> str:
    if worst is None or worst.last is None:
        flow = "The flow is" if len(lines) == 1 else f"All {len(lines)} flows are"
        return f"{flow} at or above the threshold."
    first = next(share for share in worst.shares if share is not None)
    told = f"{worst.flow} accepted {percent(worst.last)} last, below its threshold of {percent_exact(worst.threshold)}"
    if first - worst.last > 0.0005:  # noqa: PLR2004  that a figure with one digit shows
        told += f"; it has lost {fixed((first - worst.last) * 100, 1)} points"
    others = sum(line.is_below for line in lines) - 1
    more = f" {others} more {'flow is' if others == 1 else 'flows are'} below theirs." if others else ""
    return f"{told}.{more}"


# ── Times ────────────────────────────────────────────────────────────────────────────────────────────────────────────
_FLOOR, _HEIGHT, _TIMES_RIGHT = 154.0, 118.0, 490.0


def elapsed_chart(flow: str, days: Sequence[date], seconds: Sequence[Sequence[float]]) -> Chart | None:
    """From landing to published: the median of each day as a point, the slowest as a whisker. None for no delivery."""
    most = max((each for one in seconds for each in one), default=None)
    if most is None:
        return None
    unit, divisor = next((u, d) for u, d, least in _TIME_UNITS if most >= least)
    top = max(most / divisor, 0.1)
    step = round_step(top, 3)
    parts = [element("path", class_="axis", d=f"M{length(_LEFT)} {length(_FLOOR)}H{length(_TIMES_RIGHT)}")]
    parts.append(text_at(40, _FLOOR + 4, "0", "soft end"))
    value = step
    while value <= top:
        y = _FLOOR - _HEIGHT * value / top
        parts.append(element("path", class_="grid", d=f"M{length(_LEFT)} {length(y)}H{length(_TIMES_RIGHT)}"))
        parts.append(text_at(40, y + 4, f"{value:g}", "soft end"))
        value += step
    pitch = (_TIMES_RIGHT - _LEFT) / len(days)
    for place, (day, one) in enumerate(zip(days, seconds, strict=True)):
        x, behind = _LEFT + pitch * (place + 0.5), len(days) - 1 - place
        if one:
            middle, slow = (_FLOOR - _HEIGHT * each / divisor / top for each in (median(one), max(one)))
            parts.append(element("path", class_="axis", d=f"M{length(x)} {length(middle)}V{length(slow)}m-4 0h8"))
            r = "4.5" if not behind else "3"
            parts.append(element("circle", class_="f-deep", cx=length(x), cy=length(middle), r=r))
        if behind % _LABEL_EVERY == 0:
            parts.append(text_at(x, 176, day_short(day) if behind else "today", "soft center"))
    parts += _last_words(seconds, divisor, top)
    finding = _elapsed_finding(seconds, divisor, unit)
    title = f"{flow}: from arrival to published, {unit}, median and slowest of the day, last {len(days)} days"
    picture = drawing(_WIDTH, 190, named("took", title, finding), *parts, name="took")
    return Chart(picture=_finished(picture), finding=finding, unit=unit)


_TIME_UNITS = (("hours", 3600.0, 7200.0), ("minutes", 60.0, 180.0), ("seconds", 1.0, 0.0))


def _last_words(seconds: Sequence[Sequence[float]], divisor: float, top: float) -> Iterator[Drawn]:
    last = next(one for one in reversed(seconds) if one)
    middle, slow = median(last) / divisor, max(last) / divisor
    y = _FLOOR - _HEIGHT * middle / top + 4
    above = min(_FLOOR - _HEIGHT * slow / top + 4, y - _PITCH)
    if above < 12:  # noqa: PLR2004  the letters' own height
        above, y = 12.0, max(y, 12 + _PITCH)
    yield text_at(_TIMES_RIGHT + 12, above, f"slowest {fixed(slow, 1)}")
    yield text_at(_TIMES_RIGHT + 12, y, f"median {fixed(middle, 1)}", "strong")


def _elapsed_finding(seconds: Sequence[Sequence[float]], divisor: float, unit: str) -> str:
    medians = [median(one) / divisor for one in seconds if one]
    slowest = max(max(one) / divisor for one in seconds if one)
    least, most = fixed(min(medians), 1), fixed(max(medians), 1)
    told = f"is {most}" if least == most else f"lies between {least} and {most}"
    return f"The median of a day {told} {unit}; the slowest delivery took {fixed(slowest, 1)}."


# ── Flows beside each other ──────────────────────────────────────────────────────────────────────────────────────────
def flows_chart(rows: Sequence[tuple[str, int]]) -> Chart | None:
    """Rows by flow as lying bars, the most first; None where fewer than two flows had rows."""
    ordered = sorted(((name, count) for name, count in rows if count), key=lambda one: (-one[1], one[0]))
    if len(ordered) < 2:  # noqa: PLR2004  there is nothing beside it
        return None
    shown, others = ordered[:_BARS], ordered[_BARS:]
    if others:
        shown = [*shown, (f"{len(others)} others", sum(count for _, count in others))]
    bars = tuple(NamedBar(label=name, value=Decimal(count), unfinished=False) for name, count in shown)
    picture = draw_bars(
        ShownBars(bars=bars, unit="rows", highlight=True), name="flows", title="Rows by flow", currency=""
    )
    whole = sum(count for _, count in ordered)
    name, count = ordered[0]
    finding = f"{name} brought {percent(count / whole)} of {fixed(whole)} rows."
    return Chart(picture=_finished(picture), finding=finding)


def _finished(drawn: Drawn) -> Markup:
    """What was escaped when it was drawn, so that a template leaves it as it is."""
    return Markup(drawn)  # noqa: S704
