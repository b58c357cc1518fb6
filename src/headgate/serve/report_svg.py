"""What the charts share: widths of text, round steps of an axis, lengths as text."""

from __future__ import annotations

from headgate.serve.report_markup import Markup, element

_NARROW = frozenset("iljtfrI.,:;'|!()[] \u00a0")
_BROAD = frozenset("mwMWQOG@%")


def length(number: float) -> str:
    """A length of a drawing: at most one digit after the point, none where it is whole."""
    text = f"{number:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def text_width(text: str, size: float = 12) -> float:
    """Roughly how wide the text stands in a sans-serif of that size; errs on the wide side."""
    return sum(_character_width(character) for character in text) * size


def shorten(text: str, most: float, size: float = 12) -> str:
    """The text, or its beginning and an ellipsis where it is wider than `most`."""
    if text_width(text, size) <= most:
        return text
    room = most - text_width("\u2026", size)
    kept = ""
    for character in text:
        if text_width(kept + character, size) > room:
            break
        kept += character
    return kept.rstrip() + "\u2026"


def round_step(span: float, most: int = 4) -> float:
    """The least step of 1, 2 or 5 times a power of ten that divides the span into at most that many parts."""
    if span <= 0:
        return 1.0
    power = 10.0 ** (len(f"{int(span)}") - 4)
    while True:
        for factor in (1, 2, 5):
            if span / (factor * power) <= most:
                return factor * power
        power *= 10


def text_at(x: float, y: float, text: str, role: str = "") -> Markup:
    """A line of text; `role` is its class, such as `soft end`."""
    return element("text", text, class_=role or None, x=length(x), y=length(y))


def bar(role: str, *, x: float, y: float, width: float, height: float) -> Markup:
    """A rectangle of that class."""
    return element(
        "rect", class_=role, x=length(x), y=length(y), width=length(max(width, 0)), height=length(max(height, 0))
    )


def drawing(width: float, height: float, *children: str, name: str, role: str = "chart") -> Markup:
    """An SVG that is one picture to a screen reader: `name`-t and `name`-d are the ids of title and description."""
    return element(
        "svg",
        *children,
        class_=role,
        viewBox=f"0 0 {length(width)} {length(height)}",
        role="img",
        aria_labelledby=f"{name}-t {name}-d",
    )


def named(name: str, title: str, finding: str) -> Markup:
    """Title and description of a drawing."""
    return Markup(element("title", title, id=f"{name}-t") + element("desc", finding, id=f"{name}-d"))


def _character_width(character: str) -> float:
    if character in _NARROW:
        return 0.32
    if character in _BROAD or ord(character) > 0x2E7F:  # noqa: PLR2004 — from here on scripts with square characters
        return 0.95
    return 0.66 if character.isupper() else 0.57
