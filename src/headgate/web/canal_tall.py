"""The canal for phones, flowing down."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.serve.report_markup import Markup as Drawn
from headgate.serve.report_numbers import fixed
from headgate.serve.report_svg import length, shorten, text_at
from headgate.web.canal import BARS, Stream, Water, compact, left_at_gate, mark, path, svg
from headgate.web.canal_return import back_left, words_below

TALL_CANAL = 128.0
TALL_WIDEST = 54.0
_TALL = 352.0
_X, _Y, _SLUICE, _FOOT = 30.0, 30.0, 124.0, 560.0
_TURNED, _HELD_AT = 290.0, 336.0
_SLOT = 54.0
_BACK_AT = 300.0  # the upper bank of what comes back
_TEXT_NEEDS = 96.0  # of the water, to write into it
_RETURNED_AT = 456.0  # words of what came back


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
    right, more = _X + TALL_CANAL, _longer(water)
    places = column_places(water)
    parts = [path("f-pale", f"M{length(_X)} {length(_Y)}H{length(right)}V{length(_SLUICE)}H{length(_X)}Z")]
    parts += [*_body(water), *_columns(water, places), *_tall_frame(water), *_tall_words(water)]
    for stream, place in places:
        parts += _column_words(stream, place, more)
        if stream.word == "held" and water.returned and water.published:
            edge = _X + water.published
            parts += back_left(stream, place, _BACK_AT, edge)
            parts += words_below(water.returned, edge, _BACK_AT + stream.back, _RETURNED_AT + more)
    tall = _FOOT + more + 4 if water.counts.received else _SLUICE + 60
    return svg("only-tall", "balv", (_TALL, tall), water, parts)


def _longer(water: Water) -> float:
    """By how much all below the turn is further down, so that what comes back has its place beside the column."""
    return max((stream.back for stream in water.streams), default=0.0)


def _body(water: Water) -> Iterator[Drawn]:
    """What is published, wider from where rows came back."""
    if not water.published:
        return
    edge, middle, foot = _X + water.published, _X + water.published / 2, _FOOT + _longer(water)
    start, joined = (_SLUICE, "") if water.through else (_BACK_AT, "")
    if water.through and water.through < water.published:
        joined = f"H{length(_X + water.through)}V{length(_BACK_AT)}"
    yield path(
        "f-water",
        f"M{length(_X)} {length(start)}{joined}H{length(edge)}V{length(foot - 18)}L{length(middle)} {length(foot)}"
        f"L{length(_X)} {length(foot - 18)}Z",
    )


def _columns(water: Water, places: list[tuple[Stream, float]]) -> Iterator[Drawn]:
    x, bend, low = _X + water.through, (_SLUICE + _TURNED) / 2, _HELD_AT + _longer(water)
    for stream, place in places:
        far, end = x + stream.share, place + stream.wide
        turned = f"V{length(_BACK_AT + stream.back)}H{length(place + stream.back)}" if stream.back else ""
        stop = low if stream.rows else _BACK_AT + stream.back
        yield path(
            f"f-{stream.word}",
            f"M{length(x)} {length(_SLUICE)}C{length(x)} {length(bend)} {length(place)} {length(bend)} "
            f"{length(place)} {length(_TURNED)}{turned}V{length(stop)}H{length(end)}V{length(_TURNED)}C{length(end)} "
            f"{length(bend)} {length(far)} {length(bend)} {length(far)} {length(_SLUICE)}Z",
        )
        x = far


def _tall_frame(water: Water) -> Iterator[Drawn]:
    right = _X + TALL_CANAL
    d = f"M{length(_X)} {length(_Y)}V{length(_SLUICE)}M{length(right)} {length(_Y)}V{length(_SLUICE)}"
    yield path("bank", d)
    yield path("f-ink", f"M16 120h14v8h-14zM{length(right)} 120h14v8h-14z")
    bars = min(max(water.rules, 1), BARS // 2)
    pitch = TALL_CANAL / bars
    d = "".join(f"M{length(_X + pitch * place + pitch * 0.2)} 122h{length(pitch * 0.6)}v4h-{length(pitch * 0.6)}z"
                for place in range(bars))  # fmt: skip
    yield path("f-ink", d)


def _tall_words(water: Water) -> Iterator[Drawn]:
    counts = water.counts
    yield text_at(180, 112, f"gate: {fixed(water.rules)} {'rule' if water.rules == 1 else 'rules'},", "strong")
    yield text_at(180, 128, f"contract {shorten(water.contract, 90)}", "strong")
    yield text_at(44, 76, compact(counts.received), "big")
    yield text_at(44, 95, "received", "strong")
    left = left_at_gate(counts, water.returned.rows if water.returned else 0)
    if left:
        wider = f"drawn {fixed(water.factor)} times wider" if water.factor > 1 else "drawn to the same scale"
        yield text_at(346, 160, f"{compact(left)} {'row leaves' if left == 1 else 'rows leave'},", "end")
        yield text_at(346, 176, wider, "end")
    elif counts.received:
        yield text_at(346, 160, "no row leaves", "end")
    if not counts.received:
        return
    y = 372.0 if water.published >= _TEXT_NEEDS or not water.streams else 470.0
    if y > _RETURNED_AT and water.returned and water.published:
        y = 494.0  # below the words of what came back
    y += _longer(water)
    yield from mark("published", 55, y)
    yield text_at(44, y + 40, compact(counts.accepted), "big")
    yield text_at(44, y + 59, "published", "strong")


def _column_words(stream: Stream, x: float, more: float) -> Iterator[Drawn]:
    stays = stream.wide - stream.back
    middle, y = x + (stream.back + stays / 2 if stream.rows else stream.wide / 2), _HELD_AT + more
    if stream.word == "held" and stream.rows:
        left, wide = length(x + stream.back - 6), length(stays + 12)
        yield path("f-ink", f"M{left} {length(y)}h{wide}v6h-{wide}z")
    yield from mark(stream.word, middle, y + 30)
    yield text_at(middle, y + 64, compact(stream.rows), "mid center")
    yield text_at(middle, y + 81, stream.word, "center")
