"""Reads a drawing back: its frame, its shapes as boxes, its texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

_STEP = re.compile(r"([MLHVCQTZmlhvcqtz])([^MLHVCQTZmlhvcqtz]*)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
Point = tuple[float, float]


def read(drawing: str) -> ET.Element:
    """The root of one drawing; what is no well-formed XML, or holds no number where one must be, fails."""
    assert not re.search(r"nan|inf|None", re.sub(r">[^<]*<", "><", drawing), re.IGNORECASE), drawing
    return ET.fromstring(drawing)  # noqa: S314  our own


def frame(root: ET.Element) -> tuple[float, float]:
    """Width and height."""
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    return width, height


def boxes(root: ET.Element, *roles: str) -> list[tuple[str, float, float, float, float]]:
    """Role, left, top, right and bottom of each shape with one of these classes."""
    found = []
    for shape in root.iter():
        role = shape.attrib.get("class", "")
        if role not in roles:
            continue
        if shape.tag == "rect":
            x, y, wide, tall = (float(shape.attrib[name]) for name in ("x", "y", "width", "height"))
            found.append((role, x, y, x + wide, y + tall))
        elif shape.tag == "path":
            points = list(points_of(shape.attrib["d"]))
            xs, ys = [x for x, _ in points], [y for _, y in points]
            found.append((role, min(xs), min(ys), max(xs), max(ys)))
        elif shape.tag == "circle":
            x, y, r = (float(shape.attrib[name]) for name in ("cx", "cy", "r"))
            found.append((role, x - r, y - r, x + r, y + r))
    return found


def points_of(d: str) -> Iterator[Point]:
    """The points of a path; of a curve its handles too, which it never leaves."""
    x = y = 0.0
    for sign, rest in _STEP.findall(d):
        numbers = [float(number) for number in _NUMBER.findall(rest)]
        match sign:
            case "M" | "L" | "C":
                for px, py in zip(numbers[::2], numbers[1::2], strict=True):
                    x, y = px, py
                    yield x, y
            case "H" | "h":
                x = numbers[0] + (x if sign == "h" else 0)
                yield x, y
            case "V" | "v":
                y = numbers[0] + (y if sign == "v" else 0)
                yield x, y
            case "l" | "m":
                x, y = x + numbers[0], y + numbers[1]
                yield x, y
            case "Z" | "z":
                pass
            case _:
                raise AssertionError(f"{sign} in {d}")


def texts(root: ET.Element) -> list[tuple[str, float, float]]:
    """Text, x and y of each line."""
    return [
        ("".join(text.itertext()), float(text.attrib["x"]), float(text.attrib["y"]))
        for text in root.iter()
        if text.tag == "text"
    ]
