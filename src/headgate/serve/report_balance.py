"""The balance as a picture: all rows in one bar, and those that left it drawn wider under a lens."""

from __future__ import annotations

import msgspec

from headgate.serve import report_numbers as numbers
from headgate.serve.report_facts import Balance, Noun
from headgate.serve.report_markup import Markup, element, join
from headgate.serve.report_svg import bar, drawing, length, named, text_at, text_width

_WIDTH = 860.0
_SEEN = 120.0  # what is at least this wide needs no lens
_LENS = 430.0  # the widest that the lens draws
_FACTORS = tuple(factor * 10**power for power in range(9) for factor in (1, 2, 5))
_GAP = 18.0  # between two labels
_LETTER_IN_MARK = 17.0  # from the mark's left edge to its word


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that share a fate."""

    word: str
    rows: int

    @property
    def label(self) -> str:
        return f"{numbers.fixed(self.rows)} {self.word}"


def draw_balance(balance: Balance, noun: Noun) -> Markup | None:
    """The picture as SVG, 860 units wide; None where nothing was received."""
    if balance.received == 0:
        return None
    parts = [
        part
        for part in (
            _Part(word="held", rows=balance.held),
            _Part(word="rejected", rows=balance.rejected),
            _Part(word="duplicate", rows=balance.duplicate),
        )
        if part.rows
    ]
    left = balance.received - balance.published
    share = _WIDTH * left / balance.received
    factor = 1 if share >= _SEEN or not left else max(each for each in _FACTORS if share * each <= _LENS)
    told = ", ".join(part.label for part in [_Part(word="published", rows=balance.published), *parts])
    title = f"Of {numbers.fixed(balance.received)} {noun.for_count(balance.received)}: {told}"
    below = _under_lens(parts, left, share, factor) if factor > 1 else _beside(parts, _WIDTH - share, share)
    height = 122.0 if factor > 1 else 70.0 if parts else 40.0
    return drawing(
        _WIDTH,
        height,
        named("balance", title, _told_share(balance)),
        *_published(balance, share),
        *below,
        name="balance",
    )


def _told_share(balance: Balance) -> str:
    if balance.acceptance is None:
        return "All are duplicates of rows that were there before."
    return f"{numbers.percent(balance.acceptance)} of the rows that are no duplicates are published."


def _published(balance: Balance, share: float) -> list[Markup]:
    width = _WIDTH - share
    if not balance.published:
        return []
    drawn = [bar("f-water", x=0, y=4, width=width, height=34)]
    label = f"{numbers.fixed(balance.published)} published"
    percent = f"{numbers.percent(balance.published / balance.received)} of all"
    if width > 34 + text_width(label) + 10:
        drawn += [*_mark("published", 18, 21), text_at(34, 26, label, "strong")]
        if width > 34 + text_width(label) + text_width(percent) + 30:
            drawn.append(text_at(width - 8, 26, percent, "end"))
    return drawn


def _beside(parts: list[_Part], start: float, share: float) -> list[Markup]:
    """No lens: the parts stand in the same bar, their labels under it."""
    return [*_segments(parts, start, share, y=4, height=34), *_labels(parts, start, share, y=56)]


def _under_lens(parts: list[_Part], left: int, share: float, factor: int) -> list[Markup]:
    start = _WIDTH - share
    width = share * factor
    begin = _WIDTH - width
    told = (
        f"the other {numbers.fixed(left)} {'row' if left == 1 else 'rows'}, drawn {numbers.fixed(factor)} times wider"
    )
    return [
        *_segments(parts, start, share, y=4, height=34),
        element("path", class_="lens", d=f"M{length(start)} 38L{length(begin)} 74H{length(_WIDTH)}V38Z"),
        *_segments(parts, begin, width, y=74, height=18),
        text_at(begin - 10, 87, told, "soft end"),
        *_labels(parts, begin, width, y=108),
    ]


def _segments(parts: list[_Part], start: float, width: float, *, y: float, height: float) -> list[Markup]:
    total = sum(part.rows for part in parts)
    drawn = []
    for part in parts:
        wide = width * part.rows / total
        drawn.append(bar(f"f-{part.word}", x=start, y=y, width=wide, height=height))
        start += wide
    return drawn


def _labels(parts: list[_Part], start: float, width: float, *, y: float) -> list[Markup]:
    """Marks with their words, under the segments where there is room, pushed apart and into the picture where not."""
    if not parts:
        return []
    total = sum(part.rows for part in parts)
    wide = [_LETTER_IN_MARK + 6 + text_width(part.label) * 1.05 for part in parts]
    places: list[float] = []
    for index, part in enumerate(parts):
        least = places[-1] + wide[index - 1] + _GAP if places else 0.0
        places.append(max(start, least))
        start += width * part.rows / total
    room = _WIDTH
    for index in reversed(range(len(parts))):
        places[index] = min(places[index], room - wide[index])
        room = places[index] - _GAP
    return [
        join(*_mark(part.word, place + 11, y), text_at(place + 28, y + 4, part.label, "strong"))
        for part, place in zip(parts, places, strict=True)
    ]


def _mark(word: str, x: float, y: float) -> list[Markup]:
    """Disc, diamond, octagon, or a square with a second behind, each with its letter."""
    letter = text_at(x, y + 4, word[0].upper(), "m")
    match word:
        case "published":
            shape = element("circle", class_="m-p", cx=length(x), cy=length(y), r="9.5")
        case "held":
            shape = element("path", class_="m-h", d=f"M{length(x)} {length(y - 11)}l11 11l-11 11l-11 -11z")
        case "rejected":
            shape = element(
                "path", class_="m-r", d=f"M{length(x - 4)} {length(y - 9.5)}h8l5.5 5.5v8l-5.5 5.5h-8l-5.5 -5.5v-8z"
            )
        case _:
            behind = element("path", class_="m-d2", d=f"M{length(x - 3.5)} {length(y - 10)}h14v14")
            shape = join(behind, bar("m-d", x=x - 7.5, y=y - 7, width=15, height=15))
    return [shape, letter]
