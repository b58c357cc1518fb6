"""The balance as a canal: all rows flow in, pass the gate, and what leaves is drawn wider, by a factor that is told.

One picture for wide pages, flowing to the right, and one for phones, flowing down. Lengths are in units of the drawing.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from markupsafe import Markup

from headgate.core.records import Counts
from headgate.serve.report_markup import Markup as Drawn
from headgate.serve.report_markup import element
from headgate.serve.report_numbers import fixed
from headgate.serve.report_svg import length, named, round_step, shorten, text_at

CANAL = 164.0  # high, for all rows received
WIDEST = 80.0  # what leaves is drawn at most so wide, unless it is wider as it is
THINNEST = 1.2  # a stream of few rows is drawn at least so
BARS = 60  # of the gate; more rules are told by their number alone
MARKS = {"held": "H", "rejected": "R", "duplicate": "D"}


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that leave at the gate."""

    word: str
    rows: int
    share: float  # of the canal's height where it leaves, in units
    wide: float  # as it is drawn further on, in units


class Water(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the canal goes on, and what leaves."""

    counts: Counts
    published: float  # of the canal, in units
    streams: tuple[Stream, ...]  # those with rows, held first
    factor: int  # 1, 10, 100 …: so many times wider than in the canal
    rules: int
    contract: str  # its version
    tables: tuple[str, ...] = ()  # first the one with a row each
    canal: float = CANAL


def measure(
    counts: Counts,
    *,
    rules: int,
    contract: str,
    tables: tuple[str, ...] = (),
    canal: float = CANAL,
    widest: float = WIDEST,
) -> Water:
    """Shares of the canal; the factor is the largest power of ten with which what leaves is at most `widest`."""
    unit = canal / counts.received if counts.received else 0.0
    rows = {"held": counts.held, "rejected": counts.rejected, "duplicate": counts.duplicate}
    left = sum(rows.values())
    factor = 1
    while left and unit * left * factor * 10 <= widest:
        factor *= 10
    streams = tuple(
        Stream(word=word, rows=count, share=unit * count, wide=max(unit * count * factor, THINNEST))
        for word, count in rows.items()
        if count
    )
    return Water(
        counts=counts,
        published=unit * counts.accepted,
        streams=streams,
        factor=factor,
        rules=rules,
        contract=contract,
        tables=tables,
        canal=canal,
    )


def canal_pictures(counts: Counts, *, rules: int, contract: str, tables: tuple[str, ...] = ()) -> Markup:
    """Both pictures, of which the stylesheet shows one."""
    wide = measure(counts, rules=rules, contract=contract, tables=tables)
    tall = measure(counts, rules=rules, contract=contract, canal=_TALL_CANAL, widest=_TALL_WIDEST)
    return Markup(draw_wide(wide) + draw_tall(tall))  # noqa: S704  escaped when they were drawn


def _title(counts: Counts) -> str:
    left = [f"{fixed(rows)} {word}" for word, rows in _left(counts)]
    return f"Of {fixed(counts.received)} rows: {', '.join([f'{fixed(counts.accepted)} published', *left])}"


def _left(counts: Counts) -> list[tuple[str, int]]:
    return [("held", counts.held), ("rejected", counts.rejected), ("duplicate", counts.duplicate)]


def _finding(water: Water) -> str:
    leaving = water.counts.received - water.counts.accepted
    if not water.counts.received:
        return "No row was received, so nothing passed the gate."
    if not leaving:
        return "Every row went through the gate and is published."
    told = f" What leaves is drawn {fixed(water.factor)} times wider." if water.factor > 1 else ""
    return f"At the gate {fixed(water.counts.accepted)} rows went on and {fixed(leaving)} left the stream.{told}"


def compact(number: int) -> str:
    """99,999 as it is; 120000 -> 120k; 4118206 -> 4.1M."""
    for least, of, unit in ((10**9, 10**9, "G"), (10**6, 10**6, "M"), (10**5, 10**3, "k")):
        if number >= least:
            text = fixed(number / of, 0 if number >= 100 * of or number % of == 0 else 1)
            return f"{text.removesuffix('.0')}{unit}"
    return fixed(number)


def _mark(word: str, x: float, y: float) -> list[Drawn]:
    """Disc, diamond, octagon or doubled square around a point, with its letter."""
    letter = text_at(x, y + 4, "P" if word == "published" else MARKS[word], "m")
    match word:
        case "published":
            return [element("circle", class_="m-p", cx=length(x), cy=length(y), r="9.5"), letter]
        case "held":
            return [element("path", class_="m-h", d=f"M{length(x)} {length(y - 11)}l11 11l-11 11l-11 -11z"), letter]
        case "rejected":
            shape = f"M{length(x - 4)} {length(y - 9.5)}h8l5.5 5.5v8l-5.5 5.5h-8l-5.5 -5.5v-8z"
            return [element("path", class_="m-r", d=shape), letter]
        case _:
            behind = element("path", class_="m-d2", d=f"M{length(x - 3.5)} {length(y - 10)}h14v14")
            square = element("rect", class_="m-d", x=length(x - 7.5), y=length(y - 7), width="15", height="15")
            return [behind, square, letter]


def _path(role: str, d: str, **attributes: str) -> Drawn:
    return element("path", class_=role, d=d, **attributes)


def _svg(role: str, name: str, size: tuple[float, float], water: Water, parts: list[Drawn]) -> Drawn:
    return element(
        "svg",
        named(name, _title(water.counts), _finding(water)),
        *parts,
        class_=f"chart {role}",
        viewBox=f"0 0 {length(size[0])} {length(size[1])}",
        role="img",
        aria_labelledby=f"{name}-t {name}-d",
    )


# ── Wide ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
_WIDE = 1200.0
_LEFT, _TOP, _GATE, _END = 62.0, 34.0, 322.0, 1174.0
_BEND, _STOP = 600.0, 806.0  # where streams have turned, and where they end
_FIRST_STREAM = 238.0
_TEXT_NEEDS = 64.0  # of the canal, to write into it
_CURRENTS = ((15.0, 0), (38.0, 210), (122.0, 90), (144.6, 330))  # depth, dash offset


def stream_places(water: Water) -> list[tuple[Stream, float]]:
    """Each stream with the y at which it is drawn once it has turned, so that no two touch and each has its words."""
    places, y = [], _FIRST_STREAM
    for stream in water.streams:
        slot = max(stream.wide, 24.0 if stream.word != "held" else 42.0)
        places.append((stream, y + (slot - stream.wide) / 2))
        y += slot + 14
    return places


def draw_wide(water: Water) -> Drawn:
    """The picture for wide pages, 1,200 units wide."""
    places = stream_places(water)
    last = max((y + stream.wide for stream, y in places), default=_TOP + CANAL)
    parts = [*_scale(water.counts.received), *_bodies(water, places), *_currents(water), *_banks(water)]
    parts += [*_gate(water), *_words(water)]
    for stream, y in places:
        parts += _stream_words(stream, y)
    return _svg("only-wide", "bal", (_WIDE, max(last + 24, 272)), water, parts)


def _scale(received: int) -> list[Drawn]:
    """The staff gauge: ticks at round numbers, and at quarters of their step."""
    labels = [text_at(37, 16, "rows", "soft end"), text_at(37, _TOP + CANAL + 4, "0", "soft end")]
    ticks = [f"M58 {length(_TOP + CANAL)}h-16"]
    if received:
        step = max(int(round_step(received, 4)), 1)
        quarter = step / 4
        for place in range(1, int(received / quarter) + 1):
            y = _TOP + CANAL - CANAL * place * quarter / received
            whole = place % 4 == 0
            ticks.append(f"M58 {length(y)}h{-16 if whole else -7}")
            if whole:
                labels.append(text_at(37, y + 4, compact(step * place // 4), "soft end"))
    return [element("g", _path("axis", "".join(ticks)), *labels, aria_hidden="true")]


def _bodies(water: Water, places: list[tuple[Stream, float]]) -> Iterator[Drawn]:
    bottom = _TOP + CANAL
    yield _path("f-pale", f"M{length(_LEFT)} {length(_TOP)}H{length(_GATE)}V{length(bottom)}H{length(_LEFT)}Z")
    if water.published:
        low, middle = _TOP + water.published, _TOP + water.published / 2
        yield _path(
            "f-water",
            f"M{length(_GATE)} {length(_TOP)}H{length(_END)}L{length(_WIDE)} {length(middle)}L{length(_END)} "
            f"{length(low)}H{length(_GATE)}Z",
        )
    y, bend = _TOP + water.published, (_GATE + _BEND) / 2
    for stream, place in places:
        low, end = y + stream.share, place + stream.wide
        yield _path(
            f"f-{stream.word}",
            f"M{length(_GATE)} {length(y)}C{length(bend)} {length(y)} {length(bend)} {length(place)} {length(_BEND)} "
            f"{length(place)}H{length(_STOP)}V{length(end)}H{length(_BEND)}C{length(bend)} {length(end)} "
            f"{length(bend)} {length(low)} {length(_GATE)} {length(low)}Z",
        )
        y = low


def _currents(water: Water) -> Iterator[Drawn]:
    """Ornament: lines of the water, to the end where they are in what goes on, else to the gate."""
    if not water.counts.received:
        return
    for depth, offset in _CURRENTS:
        waves = 11 if depth < water.published - 6 else 2
        y = length(_TOP + depth)
        d = f"M66 {y}q46 -4.4 92 0{'t92 0' * (waves - 1)}t{72 if waves > 2 else 60} 0"  # noqa: PLR2004
        yield _path("current", d, stroke_dashoffset=str(offset))


def _banks(water: Water) -> Iterator[Drawn]:
    bottom = _TOP + CANAL
    d = f"M{length(_LEFT)} {length(bottom)}H{length(_GATE)}M{length(_LEFT)} {length(_TOP)}H"
    if water.published:
        low, middle = _TOP + water.published, _TOP + water.published / 2
        lower = _END if not water.streams else _GATE + 60
        d += f"{length(_END)}L{length(_WIDE)} {length(middle)}L{length(_END)} {length(low)}H"
        d += length(_GATE if lower == _END else lower)
    else:
        d += length(_GATE)
    yield _path("bank", d)


def _gate(water: Water) -> Iterator[Drawn]:
    """Posts above and below, and between them as many bars as there are rules."""
    yield _path("f-ink", "M317 20h10v14h-10zM317 198h10v14h-10z")
    bars = min(max(water.rules, 1), BARS)
    pitch = CANAL / bars
    d = "".join(
        f"M320 {length(_TOP + pitch * place + pitch * 0.22)}h4v{length(pitch * 0.56)}h-4z" for place in range(bars)
    )
    yield _path("f-ink", d)
    rules = f"{fixed(water.rules)} {'rule' if water.rules == 1 else 'rules'}"
    yield text_at(_GATE, 13, f"gate: {rules}, contract {shorten(water.contract, 120)}", "strong center")


def _words(water: Water) -> Iterator[Drawn]:
    counts = water.counts
    yield text_at(86, 115, fixed(counts.received), "big")
    yield text_at(86, 134, "received", "strong")
    inside = water.published >= _TEXT_NEEDS
    x = 362.0 if inside or not water.streams else 660.0
    y = _TOP + water.published / 2 if inside else _TOP + water.published + 26
    yield from _mark("published", x, y - 9)
    yield text_at(x + 18, y - 1, fixed(counts.accepted), "big")
    yield text_at(x + 18, y + 18, "published", "strong")
    if water.tables and water.published:
        more = len(water.tables) - 1
        first = f"{shorten(water.tables[0], 300)}{' and' if more else ''}"
        yield text_at(1154, y - 4, first, "end")
        told = f"{fixed(more)} more {'table' if more == 1 else 'tables'}, one commit each" if more else "in one commit"
        yield text_at(1154, y + 14, told, "end")
    left = counts.received - counts.accepted
    if left:
        yield _path("lead-line", "M321 216V244H310")
        yield text_at(304, 240, f"{fixed(left)} {'row leaves' if left == 1 else 'rows leave'} the stream", "strong end")
        if water.factor > 1:
            yield text_at(304, 257, f"drawn {fixed(water.factor)} times wider from here on", "end")
    elif counts.received:
        yield text_at(304, 240, "no row leaves the stream", "end")


_TOLD = {
    "held": "wait for a person, with their reasons",
    "rejected": "kept in quarantine with their reasons",
    "duplicate": "were here before, or twice",
}


def _stream_words(stream: Stream, y: float) -> Iterator[Drawn]:
    middle = y + stream.wide / 2
    if stream.word == "held":
        yield _path("f-ink", f"M{length(_STOP)} {length(y - 7)}h6v{length(stream.wide + 14)}h-6z")
    yield from _mark(stream.word, 836, middle)
    after = element("tspan", _TOLD[stream.word], class_="after", dx="12")
    yield element("text", f"{fixed(stream.rows)} {stream.word}", after, class_="mid", x="856", y=length(middle + 6))


# ── Tall ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
_TALL_CANAL = 128.0
_TALL_WIDEST = 54.0
_TALL = 352.0
_X, _Y, _SLUICE, _FOOT = 30.0, 30.0, 124.0, 560.0
_TURNED, _HELD_AT = 290.0, 336.0
_SLOT = 54.0


def column_places(water: Water) -> list[tuple[Stream, float]]:
    """Each stream of the tall picture with the x at which it comes down."""
    x = _X + water.published + 20
    slots = [max(stream.wide, _SLOT) for stream in water.streams]
    x = min(x, _TALL - 6 - sum(slots))
    places = []
    for stream, slot in zip(water.streams, slots, strict=True):
        places.append((stream, x + (slot - stream.wide) / 2))
        x += slot
    return places


def draw_tall(water: Water) -> Drawn:
    """The picture for phones, 352 units wide, flowing down."""
    counts, right = water.counts, _X + _TALL_CANAL
    parts = [_path("f-pale", f"M{length(_X)} {length(_Y)}H{length(right)}V{length(_SLUICE)}H{length(_X)}Z")]
    edge = _X + water.published
    if water.published:
        middle = _X + water.published / 2
        parts.append(
            _path(
                "f-water",
                f"M{length(_X)} {length(_SLUICE)}H{length(edge)}V542L{length(middle)} {length(_FOOT)}"
                f"L{length(_X)} 542Z",
            )
        )
    x, bend = edge, (_SLUICE + _TURNED) / 2
    for stream, place in column_places(water):
        far, end = x + stream.share, place + stream.wide
        parts.append(
            _path(
                f"f-{stream.word}",
                f"M{length(x)} {length(_SLUICE)}C{length(x)} {length(bend)} {length(place)} {length(bend)} "
                f"{length(place)} {length(_TURNED)}V{length(_HELD_AT)}H{length(end)}V{length(_TURNED)}C{length(end)} "
                f"{length(bend)} {length(far)} {length(bend)} {length(far)} {length(_SLUICE)}Z",
            )
        )
        x = far
    parts += [*_tall_frame(water), *_tall_words(water)]
    for stream, place in column_places(water):
        parts += _column_words(stream, place)
    tall = _FOOT + 4 if counts.received else _SLUICE + 60
    return _svg("only-tall", "balv", (_TALL, tall), water, parts)


def _tall_frame(water: Water) -> Iterator[Drawn]:
    right = _X + _TALL_CANAL
    d = f"M{length(_X)} {length(_Y)}V{length(_SLUICE)}M{length(right)} {length(_Y)}V{length(_SLUICE)}"
    yield _path("bank", d)
    yield _path("f-ink", f"M16 120h14v8h-14zM{length(right)} 120h14v8h-14z")
    bars = min(max(water.rules, 1), BARS // 2)
    pitch = _TALL_CANAL / bars
    d = "".join(f"M{length(_X + pitch * place + pitch * 0.2)} 122h{length(pitch * 0.6)}v4h-{length(pitch * 0.6)}z"
                for place in range(bars))  # fmt: skip
    yield _path("f-ink", d)


def _tall_words(water: Water) -> Iterator[Drawn]:
    counts = water.counts
    yield text_at(180, 112, f"gate: {fixed(water.rules)} {'rule' if water.rules == 1 else 'rules'},", "strong")
    yield text_at(180, 128, f"contract {shorten(water.contract, 90)}", "strong")
    yield text_at(44, 76, compact(counts.received), "big")
    yield text_at(44, 95, "received", "strong")
    left = counts.received - counts.accepted
    if left:
        wider = f"drawn {fixed(water.factor)} times wider" if water.factor > 1 else "drawn to the same scale"
        yield text_at(346, 160, f"{compact(left)} {'row leaves' if left == 1 else 'rows leave'},", "end")
        yield text_at(346, 176, wider, "end")
    elif counts.received:
        yield text_at(346, 160, "no row leaves", "end")
    if not counts.received:
        return
    y = 372.0 if water.published >= 96 or not water.streams else 470.0  # noqa: PLR2004  as wide as the words
    yield from _mark("published", 55, y)
    yield text_at(44, y + 40, compact(counts.accepted), "big")
    yield text_at(44, y + 59, "published", "strong")


def _column_words(stream: Stream, x: float) -> Iterator[Drawn]:
    middle = x + stream.wide / 2
    if stream.word == "held":
        yield _path(
            "f-ink", f"M{length(x - 6)} {length(_HELD_AT)}h{length(stream.wide + 12)}v6h-{length(stream.wide + 12)}z"
        )
    yield from _mark(stream.word, middle, 366)
    yield text_at(middle, 400, compact(stream.rows), "mid center")
    yield text_at(middle, 417, stream.word, "center")
