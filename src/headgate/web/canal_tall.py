"""The canal for phones, flowing down."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.serve.report_markup import Markup as Drawn
from headgate.serve.report_numbers import fixed
from headgate.serve.report_svg import length, shorten, text_at
from headgate.web.canal import BARS, Stream, Water, compact, mark, path, svg

TALL_CANAL = 128.0
TALL_WIDEST = 54.0
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
    counts, right = water.counts, _X + TALL_CANAL
    parts = [path("f-pale", f"M{length(_X)} {length(_Y)}H{length(right)}V{length(_SLUICE)}H{length(_X)}Z")]
    edge = _X + water.published
    if water.published:
        middle = _X + water.published / 2
        parts.append(
            path(
                "f-water",
                f"M{length(_X)} {length(_SLUICE)}H{length(edge)}V542L{length(middle)} {length(_FOOT)}"
                f"L{length(_X)} 542Z",
            )
        )
    x, bend = edge, (_SLUICE + _TURNED) / 2
    for stream, place in column_places(water):
        far, end = x + stream.share, place + stream.wide
        parts.append(
            path(
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
    return svg("only-tall", "balv", (_TALL, tall), water, parts)


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
    yield from mark("published", 55, y)
    yield text_at(44, y + 40, compact(counts.accepted), "big")
    yield text_at(44, y + 59, "published", "strong")


def _column_words(stream: Stream, x: float) -> Iterator[Drawn]:
    middle = x + stream.wide / 2
    if stream.word == "held":
        yield path(
            "f-ink", f"M{length(x - 6)} {length(_HELD_AT)}h{length(stream.wide + 12)}v6h-{length(stream.wide + 12)}z"
        )
    yield from mark(stream.word, middle, 366)
    yield text_at(middle, 400, compact(stream.rows), "mid center")
    yield text_at(middle, 417, stream.word, "center")
