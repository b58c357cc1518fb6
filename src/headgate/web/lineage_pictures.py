"""Lineage drawn: the columns of one table with those that they are made from, and a delivery's way into its tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

import msgspec
from markupsafe import Markup

from headgate.core.column_lineage import Origin
from headgate.core.flow_lineage import TableLineage
from headgate.core.naming import ACCEPTED
from headgate.serve.report_markup import Markup as Drawn
from headgate.serve.report_markup import element
from headgate.serve.report_svg import bar, drawing, length, named, shorten, text_at

COLUMNS = 40  # of a table that are drawn; all stand in the table beside

_WIDTH = 1200.0
_LINE = 20.0
_BOX = 400.0
_RIGHT = 740.0
_HEAD = 24.0


class _Place(msgspec.Struct, frozen=True):
    label: str
    y: float
    strong: bool


def column_picture(table: str, lineage: TableLineage, shown: Sequence[str], personal: Collection[str]) -> Markup | None:
    """Left what is read, by relation, right the table's columns, a line for each value; None where nothing is known."""
    names = [name for name in shown if name in lineage.columns][:COLUMNS]
    if not names:
        return None
    read = _in_order(names, lineage)
    left = _left_places(read)
    right = {name: _HEAD + _LINE * place + 28 for place, name in enumerate(names)}
    height = max(max((place.y for place in left.values()), default=0), *right.values()) + 18
    parts: list[Drawn] = []
    for name in names:
        parts += [_curve(_BOX, left[origin].y - 4, _RIGHT, right[name] - 4) for origin in lineage.columns[name]]
    for relation in dict.fromkeys(origin.relation for origin in read):
        ys = [left[origin].y for origin in read if origin.relation == relation]
        parts.append(bar("node", x=0, y=ys[0] - 36, width=_BOX, height=ys[-1] - ys[0] + 46))
        parts.append(text_at(10, ys[0] - 19, relation_in_words(relation), "strong"))
    for origin, place in left.items():
        parts.append(text_at(_BOX - 10, place.y, shorten(origin.column or "a value of the table", 250), "end"))
    parts.append(bar("node", x=_RIGHT, y=_HEAD - 14, width=_WIDTH - _RIGHT, height=_LINE * len(names) + 32))
    parts.append(text_at(_RIGHT + 10, _HEAD + 3, shorten(table, 400), "strong"))
    for name, y in right.items():
        told = shorten(name, 300) + (", personal" if name in personal else "")
        parts.append(text_at(_RIGHT + 10, y, told if lineage.columns[name] else f"{told} (counted or constant)"))
    title = f"Where the columns of {table} come from"
    finding = f"{len(names)} columns are made from {len(read)} columns; the table below names each."
    return _finished(drawing(_WIDTH, height, named("lineage", title, finding), *parts, name="lineage"))


def relation_in_words(relation: str) -> str:
    """`accepted` -> the accepted rows; others as they are."""
    return "the accepted rows" if relation == ACCEPTED else shorten(relation, 300)


def _in_order(names: Sequence[str], lineage: TableLineage) -> list[Origin]:
    """What is read, by relation, and within one as it is used, so that lines cross little."""
    used: dict[Origin, list[int]] = {}
    for place, name in enumerate(names):
        for origin in lineage.columns[name]:
            used.setdefault(origin, []).append(place)
    relations = {origin.relation: place for place, origin in enumerate(reversed(used))}  # the first used comes last
    ordered = sorted(relations, key=lambda relation: -relations[relation])
    return sorted(used, key=lambda one: (ordered.index(one.relation), sum(used[one]) / len(used[one]), one.column))


def _left_places(read: Sequence[Origin]) -> dict[Origin, _Place]:
    places: dict[Origin, _Place] = {}
    y = _HEAD - 14
    before = ""
    for origin in read:
        y += 46 + (12 if before else 0) if origin.relation != before else _LINE
        if origin.relation != before and not before:
            y -= 10
        places[origin] = _Place(origin.column, y, strong=False)
        before = origin.relation
    return places


def _curve(x1: float, y1: float, x2: float, y2: float, role: str = "lead-line") -> Drawn:
    middle = length((x1 + x2) / 2)
    d = f"M{length(x1)} {length(y1)}C{middle} {length(y1)} {middle} {length(y2)} {length(x2)} {length(y2)}"
    return element("path", class_=role, d=d)


# ── A delivery's way ─────────────────────────────────────────────────────────────────────────────────────────────────
_NODE, _PITCH, _MOST = 36.0, 46.0, 14  # height, distance, tables drawn in one stage


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A file or a table of the picture."""

    name: str
    about: str


def delivery_picture(
    file: Node, silver: Sequence[Node], gold: Sequence[Node], reads: Mapping[str, Collection[str]]
) -> Markup | None:
    """From the file through the gate to silver, and from silver to gold by what each table's SQL reads."""
    if not silver:
        return None
    stages = [[file], list(silver[:_MOST]), list(gold[:_MOST])]
    columns = [(0.0, 250.0), (400.0, 300.0), (860.0, 340.0)]
    height = max(len(stage) for stage in stages) * _PITCH + 26
    places = {
        (place, node.name): (height - 26 - len(stage) * _PITCH) / 2 + index * _PITCH + 4
        for place, stage in enumerate(stages)
        for index, node in enumerate(stage)
    }
    parts: list[Drawn] = []
    for place, (stage, following) in enumerate(pairwise(stages)):
        for start in stage:
            for end in following:
                if place == 0 or start.name in reads.get(end.name, ()):
                    y1, y2 = places[place, start.name] + _NODE / 2, places[place + 1, end.name] + _NODE / 2
                    role = "lead-line" if place else "flowline"
                    parts.append(_curve(sum(columns[place]), y1, columns[place + 1][0], y2, role))
    for place, stage in enumerate(stages):
        x, wide = columns[place]
        for node in stage:
            y = places[place, node.name]
            parts.append(bar("node", x=x, y=y, width=wide, height=_NODE))
            parts.append(text_at(x + 10, y + 15, shorten(node.name, wide - 24), "strong"))
            parts.append(text_at(x + 10, y + 30, shorten(node.about, wide - 24), "soft"))
    ys = [places[1, node.name] + _NODE / 2 for node in stages[1]]
    top, bottom = min(*ys, height / 2 - 40), max(*ys, height / 2)
    tall = min(bottom - top + 28, height - 24)
    parts.append(bar("f-ink", x=322, y=max(top - 14, 0), width=6, height=tall))
    parts.append(text_at(325, max(top - 14, 0) + tall + 16, "gate", "center"))
    left = len(silver) + len(gold) - len(stages[1]) - len(stages[2])
    finding = f"From the file to {', '.join(node.name for node in stages[1])}"
    finding += f"; from there to {', '.join(node.name for node in stages[2])}." if gold else "."
    finding += f" {left} more tables are not drawn." if left else ""
    title = named("way", "Lineage of the delivery", finding)
    return _finished(drawing(_WIDTH, height, title, *parts, name="way", role="chart only-wide"))


def _finished(drawn: Drawn) -> Markup:
    """What was escaped when it was drawn, so that a template leaves it as it is."""
    return Markup(drawn)  # noqa: S704
