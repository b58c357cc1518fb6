from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.web.drawings import boxes, frame, points_of, read, texts

from headgate.web.charts import ShareLine, elapsed_chart, flows_chart, reason_bar, share_chart

DAYS = [date(2026, 11, 7) + timedelta(days=place) for place in range(14)]
NEAR = 0.2
names = st.text(min_size=1, max_size=60)
shares = st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=14, max_size=14).map(tuple)
lines = st.builds(ShareLine, flow=names, shares=shares, threshold=st.floats(0, 1), rows=st.integers(0, 10**9))


def check_frame(drawing: str) -> None:
    root = read(drawing)
    width, height = frame(root)
    for shape in root.iter():
        points = list(points_of(shape.attrib["d"])) if shape.tag == "path" else []
        assert all(-NEAR <= x <= width + NEAR and -NEAR <= y <= height + NEAR for x, y in points), shape.attrib
    for role, left, top, right, bottom in boxes(root, "f-water", "f-deep", "f-held", "f-bad", "f-soft"):
        assert -NEAR <= left <= right <= width + 4, role
        assert -4 <= top <= bottom <= height + NEAR, role
    for text, x, y in texts(root):
        assert 0 <= x <= width, text
        assert 0 <= y <= height, text


@given(st.lists(lines, max_size=40))
def test_shares_of_any_flows_stay_in_the_frame(given_: list[ShareLine]) -> None:
    chart = share_chart(given_, DAYS)
    assert (chart is None) == (not any(line.last is not None for line in given_))
    if chart is not None:
        check_frame(chart.picture)
        below = any(line.is_below for line in given_)
        assert ("below its threshold" in chart.finding) == below


def test_a_day_without_rows_breaks_the_line() -> None:
    line = ShareLine(flow="sales", shares=(0.99, 0.98, None, 0.97, *([None] * 9), 0.96), threshold=0.95, rows=9)
    chart = share_chart([line], DAYS)
    assert chart is not None
    root = read(chart.picture)
    assert len([shape for shape in root.iter() if shape.attrib.get("class") == "line hot"]) == 1
    assert len(boxes(root, "f-deep")) == 3  # two days by themselves, and today's larger point
    assert chart.finding == "The flow is at or above the threshold."


def test_the_worst_of_all_is_named() -> None:
    good = ShareLine(flow="sales", shares=(0.99,) * 14, threshold=0.95, rows=100)
    bad = ShareLine(flow="cars", shares=(0.972,) * 13 + (0.938,), threshold=0.95, rows=1)
    chart = share_chart([good, bad], DAYS)
    assert chart is not None
    assert "cars accepted 93.8" in chart.finding
    assert "it has lost 3.4 points" in chart.finding


@given(st.lists(st.lists(st.floats(0, 10**7), max_size=5), min_size=14, max_size=14))
def test_times_of_any_size_stay_in_the_frame(given_: list[list[float]]) -> None:
    chart = elapsed_chart("sales", DAYS, given_)
    assert (chart is None) == (not any(given_))
    if chart is not None:
        check_frame(chart.picture)


@given(st.lists(st.tuples(names, st.integers(0, 10**12)), max_size=45))
def test_rows_of_any_flows_stay_in_the_frame(given_: list[tuple[str, int]]) -> None:
    chart = flows_chart(given_)
    assert (chart is None) == (sum(count > 0 for _, count in given_) < 2)
    if chart is not None:
        root = read(chart.picture)
        width, height = frame(root)
        drawn = boxes(root, "f-water", "f-deep")
        assert len(drawn) == min(sum(count > 0 for _, count in given_), 9)
        assert all(
            0 <= left <= right <= width and 0 <= top <= bottom <= height for _, left, top, right, bottom in drawn
        )


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_bar_is_never_longer_than_its_cell(rows: int, more: int) -> None:
    ((_, left, _, right, _),) = boxes(read(reason_bar("f-held", rows, rows + more)), "f-held")
    assert left == 0
    assert (right > 0) == (rows > 0)
    assert right <= 120
