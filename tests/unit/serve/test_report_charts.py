from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.serve.report_balance import draw_balance
from headgate.serve.report_bars import draw_bars
from headgate.serve.report_columns import NARROW, WIDE, draw_columns
from headgate.serve.report_facts import Balance, Noun
from headgate.serve.report_forms import DayBar, NamedBar, ShownBars, ShownColumns
from headgate.serve.report_svg import round_step, shorten, text_width

_NOUN = Noun(one="row", many="rows")
_AMOUNT = st.decimals(min_value=-(10**12), max_value=10**12, places=2)
_FIRST = date(2026, 10, 22)


def _columns(values: list[Decimal], *, unfinished: bool = True) -> ShownColumns:
    bars = tuple(
        DayBar(day=_FIRST + timedelta(days=place), value=value, unfinished=unfinished and place + 1 == len(values))
        for place, value in enumerate(values)
    )
    return ShownColumns(bars=bars, unit="EUR", unfinished_note="to 08:00" if unfinished else "")


def _labels(svg: str) -> list[tuple[float, float, float]]:
    """Left edge, right edge and baseline of each line of text."""
    places = []
    for node in ET.fromstring(svg).iter("text"):  # noqa: S314 — our own drawing
        width = text_width(node.text or "") * 0.92
        x, y, role = float(node.attrib["x"]), float(node.attrib["y"]), node.get("class", "")
        left = x - width if "end" in role else x - width / 2 if "center" in role or role == "m" else x
        places.append((left, left + width, y))
    return places


def _collisions(svg: str) -> list[tuple[tuple[float, float, float], tuple[float, float, float]]]:
    labels = _labels(svg)
    return [
        (one, other)
        for place, one in enumerate(labels)
        for other in labels[place + 1 :]
        if abs(one[2] - other[2]) < 9 and one[0] < other[1] and other[0] < one[1]
    ]


@given(st.lists(_AMOUNT, min_size=1, max_size=31), st.sampled_from([WIDE, NARROW]))
def test_columns_stay_in_the_picture_whatever_the_values(values: list[Decimal], width: float) -> None:
    svg = draw_columns(_columns(values), name="c", title="By day", currency="EUR", width=width)
    rects = list(ET.fromstring(svg).iter("rect"))  # noqa: S314 — our own drawing
    assert len(rects) == len(values)
    for rect in rects:
        x, y, wide, high = (float(rect.attrib[key]) for key in ("x", "y", "width", "height"))
        assert 0 <= x <= x + wide <= width + 0.2
        assert 0 <= y <= y + high <= 250.2


@pytest.mark.parametrize("days", [1, 2, 3, 7, 14, 30, 31])
@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("scale", [1, 10**6, 10**9])
def test_labels_of_columns_do_not_collide(days: int, width: float, scale: int) -> None:
    values = [Decimal(scale) * (3 + place % 7) for place in range(days)]
    assert _collisions(draw_columns(_columns(values), name="c", title="t", currency="EUR", width=width)) == []


def test_the_highest_day_is_deep_and_the_unfinished_one_dashed() -> None:
    svg = draw_columns(_columns([Decimal(5), Decimal(9), Decimal(99)]), name="c", title="t", currency="EUR")
    assert re.findall(r'<rect class="(f-\w+)"', svg) == ["f-water", "f-deep", "f-open"]
    assert "The highest day is Friday, 23\u00a0October\u00a02026 with 9.00 EUR." in svg
    assert "Saturday, 24\u00a0October\u00a02026 stands at 99.00 EUR to 08:00." in svg


def test_bars_are_as_long_as_their_values() -> None:
    bars = tuple(
        NamedBar(label=name, value=Decimal(value), unfinished=False) for name, value in (("a", 400), ("b", 100))
    )
    svg = draw_bars(ShownBars(bars=bars, unit="EUR", highlight=True), name="b", title="t", currency="EUR")
    widths = [float(width) for width in re.findall(r'<rect class="f-\w+".*? width="([\d.]+)"', svg)]
    assert widths[0] == pytest.approx(4 * widths[1], rel=0.01)
    assert "f-deep" in svg.split("<rect")[1]


@given(
    st.lists(
        st.builds(NamedBar, label=st.text(max_size=60), value=st.none() | _AMOUNT, unfinished=st.booleans()),
        min_size=1,
        max_size=14,
    )
)
def test_bars_stay_in_the_picture_whatever_the_names(bars: list[NamedBar]) -> None:
    svg = draw_bars(ShownBars(bars=tuple(bars), unit="EUR", highlight=False), name="b", title="t", currency="EUR")
    rects = re.findall(r'<rect class="f-\w+" x="(-?[\d.]+)" y="-?[\d.]+" width="([\d.]+)"', svg)
    assert len(rects) == sum(bar.value is not None for bar in bars)
    assert all(float(x) >= 0 and float(x) + float(width) <= 420.2 for x, width in rects)


_COUNT = st.integers(min_value=0, max_value=10**8)


@given(_COUNT, _COUNT, _COUNT, _COUNT)
def test_the_balance_draws_every_part_and_no_label_collides(
    published: int, held: int, rejected: int, duplicate: int
) -> None:
    received = published + held + rejected + duplicate
    balance = Balance(received=received, published=published, held=held, rejected=rejected, duplicate=duplicate)
    svg = draw_balance(balance, _NOUN)
    if received == 0:
        assert svg is None
        return
    assert svg is not None
    for count, word in ((held, "held"), (rejected, "rejected"), (duplicate, "duplicate")):
        assert (f">{count:,} {word}</text>" in svg) is (count > 0)
    assert _collisions(svg) == []
    assert all(left >= -1 and right <= 861 for left, right, _ in _labels(svg))


def test_the_few_that_left_are_drawn_wider_and_it_says_so() -> None:
    svg = draw_balance(Balance(received=52310, published=51204, held=846, rejected=173, duplicate=87), _NOUN)
    assert svg is not None
    assert "the other 1,106 rows, drawn 20 times wider" in svg
    assert "<title" in svg
    assert "Of 52,310 rows: 51,204 published, 846 held, 173 rejected, 87 duplicate" in svg


@given(st.floats(min_value=1e-3, max_value=1e12))
def test_an_axis_has_at_most_four_round_parts(span: float) -> None:
    step = round_step(span)
    assert span / step <= 4
    assert f"{step:e}"[0] in "125"


@given(st.text(max_size=80), st.floats(min_value=20, max_value=200))
def test_a_name_is_cut_to_its_room(text: str, room: float) -> None:
    cut = shorten(text, room)
    assert text_width(cut) <= room
    assert cut == text or cut.endswith("\u2026")
