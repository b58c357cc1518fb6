from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from headgate.serve.report_markup import Markup, element, escape, join


class _Reader(HTMLParser):
    """What a browser takes a piece of HTML for."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def _read(markup: str) -> _Reader:
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    return reader


@given(st.text())
def test_any_text_stays_text(text: str) -> None:
    read = _read(element("p", text, title=text))
    assert [tag for tag, _ in read.tags] == ["p"]
    if text.isprintable():
        assert read.text == text
        assert read.tags[0][1]["title"] == text


@given(st.text(alphabet=st.characters(categories=["Cc", "Cs", "Cf"])))
def test_control_characters_and_odd_bytes_can_be_written(text: str) -> None:
    shown = escape(text)
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert not set(shown) & {"\x00", "\x1b", "\u202e", "\u2066"}


def test_what_is_markup_already_is_not_escaped_again() -> None:
    assert element("b", element("i", "a<b")) == "<b><i>a&lt;b</i></b>"
    assert join("a&b", Markup("<i>c</i>"), between=" & ") == "a&amp;b &amp; <i>c</i>"


def test_an_attribute_of_none_is_left_out() -> None:
    assert element("td", "1", class_=None, aria_label="x") == '<td aria-label="x">1</td>'
    assert element("rect", x=1) == '<rect x="1"/>'
    assert element("meta", charset="utf-8") == '<meta charset="utf-8">'
