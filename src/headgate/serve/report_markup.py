"""HTML that is escaped by construction: text is escaped, only what `element` made goes through as it is."""

from __future__ import annotations

import re
from html import escape as escape_html

# Control characters are no HTML; direction overrides would let a name rearrange the text around it.
_UNSAFE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]"
)
_VOID = frozenset({"meta", "br", "hr"})
_SVG_EMPTY = frozenset({"rect", "path", "circle"})


class Markup(str):
    """A piece of finished HTML."""

    __slots__ = ()


def clean(text: str) -> str:
    """Text that can be encoded and shown: lone surrogates (odd bytes of a file name) show as their number."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def escape(text: str) -> Markup:
    """Text -> HTML that shows exactly this text; characters that have no place in a page show as U+FFFD."""
    if isinstance(text, Markup):
        return text
    return Markup(escape_html(_UNSAFE.sub("\ufffd", clean(text)), quote=True))


def element(tag: str, /, *children: str, **attributes: str | float | None) -> Markup:
    """`element("td", "a<b", class_="num")` -> `<td class="num">a&lt;b</td>`.

    A trailing underscore is dropped and other underscores become hyphens; an attribute of None is left out.
    """
    named = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in _VOID:
        return Markup(f"<{tag}{named}>")
    if tag in _SVG_EMPTY and not children:
        return Markup(f"<{tag}{named}/>")
    return Markup(f"<{tag}{named}>{''.join(escape(child) for child in children)}</{tag}>")


def join(*pieces: str, between: str = "") -> Markup:
    """The pieces in order, each escaped unless it is markup."""
    return Markup(escape(between).join(escape(piece) for piece in pieces))
