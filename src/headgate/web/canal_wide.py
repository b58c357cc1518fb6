"""The canal for wide pages, flowing to the right."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.serve.report_markup import Markup as Drawn
from headgate.serve.report_markup import element
from headgate.serve.report_numbers import fixed
from headgate.serve.report_svg import length, round_step, shorten, text_at, text_width
from headgate.web.canal import BARS, CANAL, Stream, Water, compact, left_at_gate, mark, path, svg
from headgate.web.canal_return import BACK_AT, back_up, right_of_back

_WIDE = 1200.0
_LEFT, _TOP, _GATE, _END = 62.0, 34.0, 322.0, 1174.0
_BEND, _STOP = 600.0, 806.0  # where streams have turned, and where they end
_FIRST_STREAM = 238.0
_TABLES_NEED = 190.0  # beside the words of what is published
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
        if stream.word == "held" and water.returned and water.published:
            parts += back_up(water.returned, stream, y, _TOP + water.published)
    return svg("only-wide", "bal", (_WIDE, max(last + 24, 272)), water, parts)


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
    return [element("g", path("axis", "".join(ticks)), *labels, aria_hidden="true")]


def _bodies(water: Water, places: list[tuple[Stream, float]]) -> Iterator[Drawn]:
    bottom = _TOP + CANAL
    yield path("f-pale", f"M{length(_LEFT)} {length(_TOP)}H{length(_GATE)}V{length(bottom)}H{length(_LEFT)}Z")
    if water.published:
        low, middle = _TOP + water.published, _TOP + water.published / 2
        joined = f"H{length(BACK_AT)}V{length(_TOP + water.through)}" if water.through < water.published else ""
        start = _GATE if water.through else BACK_AT
        yield path(
            "f-water",
            f"M{length(start)} {length(_TOP)}H{length(_END)}L{length(_WIDE)} {length(middle)}L{length(_END)} "
            f"{length(low)}{joined}H{length(start)}Z",
        )
    y, bend = _TOP + water.through, (_GATE + _BEND) / 2
    for stream, place in places:
        low, end = y + stream.share, place + stream.wide
        turned = f"H{length(right_of_back(stream))}V{length(place + stream.back)}" if stream.back else ""
        stop = _STOP if stream.rows else right_of_back(stream)
        yield path(
            f"f-{stream.word}",
            f"M{length(_GATE)} {length(y)}C{length(bend)} {length(y)} {length(bend)} {length(place)} {length(_BEND)} "
            f"{length(place)}{turned}H{length(stop)}V{length(end)}H{length(_BEND)}C{length(bend)} {length(end)} "
            f"{length(bend)} {length(low)} {length(_GATE)} {length(low)}Z",
        )
        y = low


def _currents(water: Water) -> Iterator[Drawn]:
    """Ornament: lines of the water, to the end where they are in what goes on, else to the gate."""
    if not water.counts.received:
        return
    for depth, offset in _CURRENTS:
        waves = 11 if depth < water.through - 6 else 2
        y = length(_TOP + depth)
        d = f"M66 {y}q46 -4.4 92 0{'t92 0' * (waves - 1)}t{72 if waves > 2 else 60} 0"  # noqa: PLR2004
        yield path("current", d, stroke_dashoffset=str(offset))


def _banks(water: Water) -> Iterator[Drawn]:
    bottom = _TOP + CANAL
    d = f"M{length(_LEFT)} {length(bottom)}H{length(_GATE)}M{length(_LEFT)} {length(_TOP)}H"
    if not water.through:
        d += length(_GATE)
    if water.published:
        low, middle = _TOP + water.published, _TOP + water.published / 2
        d += "" if water.through else f"M{length(BACK_AT)} {length(_TOP)}H"
        d += f"{length(_END)}L{length(_WIDE)} {length(middle)}L{length(_END)} {length(low)}H"
        opened = _GATE + 60 if water.streams else _GATE
        if water.through < water.published:  # it is open where rows come back
            d += length(max(right_of_back(stream) for stream in water.streams))
            d += f"M{length(BACK_AT)} {length(_TOP + water.through)}H{length(opened)}" if water.through else ""
        else:
            d += length(opened)
    yield path("bank", d)


def _gate(water: Water) -> Iterator[Drawn]:
    """Posts above and below, and between them as many bars as there are rules."""
    yield path("f-ink", "M317 20h10v14h-10zM317 198h10v14h-10z")
    bars = min(max(water.rules, 1), BARS)
    pitch = CANAL / bars
    d = "".join(
        f"M320 {length(_TOP + pitch * place + pitch * 0.22)}h4v{length(pitch * 0.56)}h-4z" for place in range(bars)
    )
    yield path("f-ink", d)
    rules = f"{fixed(water.rules)} {'rule' if water.rules == 1 else 'rules'}"
    yield text_at(_GATE, 13, f"gate: {rules}, contract {shorten(water.contract, 120)}", "strong center")


def _words(water: Water) -> Iterator[Drawn]:
    counts = water.counts
    yield text_at(86, 115, fixed(counts.received), "big")
    yield text_at(86, 134, "received", "strong")
    x, y = _place_of_published(water)
    yield from mark("published", x, y - 9)
    yield text_at(x + 18, y - 1, fixed(counts.accepted), "big")
    yield text_at(x + 18, y + 18, "published", "strong")
    room = min(300.0, 1154 - x - 42 - text_width(fixed(counts.accepted), 25))
    if water.tables and water.published and room > _TABLES_NEED:
        more = len(water.tables) - 1
        yield text_at(1154, y - 4, f"{shorten(water.tables[0], room)}{' and' if more else ''}", "end")
        told = f"{fixed(more)} more {'table' if more == 1 else 'tables'}, one commit each" if more else "in one commit"
        yield text_at(1154, y + 14, told, "end")
    left = left_at_gate(counts, water.returned.rows if water.returned else 0)
    if left:
        yield path("lead-line", "M321 216V244H310")
        yield text_at(304, 240, f"{fixed(left)} {'row leaves' if left == 1 else 'rows leave'} the stream", "strong end")
        if water.factor > 1:
            yield text_at(304, 257, f"drawn {fixed(water.factor)} times wider from here on", "end")
    elif counts.received:
        yield text_at(304, 240, "no row leaves the stream", "end")


def _place_of_published(water: Water) -> tuple[float, float]:
    """Where its words are: behind the gate, behind what came back, or below where the water is too shallow."""
    behind = max((right_of_back(stream) for stream in water.streams), default=BACK_AT) + 24
    if water.through >= _TEXT_NEEDS:
        return 362.0, _TOP + water.through / 2
    if water.published >= _TEXT_NEEDS:
        return behind, _TOP + water.published / 2
    return (behind if water.streams else 362.0), _TOP + water.published + 26


_TOLD = {
    "held": ("waits for a person, with its reasons", "wait for a person, with their reasons"),
    "rejected": ("kept in quarantine with its reasons", "kept in quarantine with their reasons"),
    "duplicate": ("was here before, or twice", "were here before, or twice"),
}


def _stream_words(stream: Stream, y: float) -> Iterator[Drawn]:
    stays = stream.wide - stream.back
    middle = y + (stream.back + stays / 2 if stream.rows else stream.wide / 2)
    told = _TOLD[stream.word][stream.rows != 1] if stream.rows else "all of them came back"
    if stream.word == "held" and stream.rows:
        yield path("f-ink", f"M{length(_STOP)} {length(y + stream.back - 7)}h6v{length(stays + 14)}h-6z")
    yield from mark(stream.word, 836, middle)
    after = element("tspan", told, class_="after", dx="12")
    yield element("text", f"{fixed(stream.rows)} {stream.word}", after, class_="mid", x="856", y=length(middle + 6))
