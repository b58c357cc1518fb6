from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.web.drawings import boxes, frame, read, texts

from headgate.core.records import Counts
from headgate.web.canal import CANAL, THINNEST, WIDEST, Returned, Water, compact, measure
from headgate.web.canal_tall import column_places, draw_tall
from headgate.web.canal_wide import draw_wide, stream_places

ROLES = ("f-pale", "f-water", "f-held", "f-rejected", "f-duplicate", "f-ink")
NEAR = 0.2  # lengths are written with one digit
EXTREMES = {
    "no row": Counts(),
    "one row": Counts(received=1, accepted=1),
    "all held": Counts(received=20_000, held=20_000),
    "all rejected": Counts(received=7, rejected=7),
    "all duplicates": Counts(received=3, duplicate=3),
    "one of millions": Counts(received=40_000_000, accepted=39_999_999, held=1),
    "one goes on": Counts(received=1_000_000, accepted=1, held=999_999),
    "a bit of each": Counts(received=10**9, accepted=10**9 - 3, held=1, rejected=1, duplicate=1),
    "as drawn": Counts(received=20_000, accepted=19_347, held=512, rejected=96, duplicate=45),
}


@st.composite
def counts(draw: st.DrawFn) -> Counts:
    most = draw(st.sampled_from([1, 10, 1000, 10**6, 10**10]))
    accepted, held, rejected, duplicate = (draw(st.one_of(st.just(0), st.integers(0, most))) for _ in range(4))
    received = accepted + held + rejected + duplicate
    return Counts(received=received, accepted=accepted, held=held, rejected=rejected, duplicate=duplicate)


@st.composite
def returned(draw: st.DrawFn, most: int = 10**10) -> Returned | None:
    rows = draw(st.one_of(st.none(), st.integers(0, 5), st.integers(0, most)))
    return None if rows is None else Returned(rows=rows, amendments=draw(st.integers(1, 40)) if rows else 0)


def water(given_: Counts, rules: int = 12, back: Returned | None = None) -> Water:
    tables = ("silver.transactions v318", "silver.items v318")
    return measure(given_, rules=rules, contract="4.0.0", tables=tables, returned=back)


def tall(given_: Counts, rules: int = 12, back: Returned | None = None) -> Water:
    return measure(given_, rules=rules, contract="x" * 40, returned=back, canal=128.0, widest=54.0)


def check_frame(drawing: str) -> None:
    root = read(drawing)
    width, height = frame(root)
    for role, left, top, right, bottom in boxes(root, *ROLES):
        assert -NEAR <= left <= right <= width + NEAR, (role, left, right)
        assert -NEAR <= top <= bottom <= height + NEAR, (role, top, bottom)
    for text, x, y in texts(root):
        assert 0 <= x <= width, text
        assert 0 <= y <= height, text


@given(counts(), st.integers(0, 300), returned())
def test_nothing_leaves_the_frame(given_: Counts, rules: int, back: Returned | None) -> None:
    check_frame(draw_wide(water(given_, rules, back)))
    check_frame(draw_tall(tall(given_, rules, back)))


@given(counts(), returned())
def test_every_row_is_drawn_once(given_: Counts, back: Returned | None) -> None:
    """What goes on and what leaves fill the canal at the gate, and each verdict that has rows is a stream."""
    drawn = water(given_, back=back)
    if given_.received:
        assert drawn.through + sum(stream.share for stream in drawn.streams) == pytest.approx(CANAL)
    came = drawn.returned.rows if drawn.returned else 0
    expected = {"held": given_.held, "rejected": given_.rejected, "duplicate": given_.duplicate}
    assert {stream.word: stream.rows for stream in drawn.streams} == {
        k: v for k, v in expected.items() if v or (k == "held" and came)
    }
    for picture in (draw_wide(drawn), draw_tall(drawn)):
        roles = {role for role, *_ in boxes(read(picture), *ROLES)}
        assert roles >= {f"f-{stream.word}" for stream in drawn.streams}
        assert ("f-water" in roles) == bool(given_.accepted)


@given(counts(), returned())
def test_the_factor_is_the_largest_that_fits_and_is_told(given_: Counts, back: Returned | None) -> None:
    drawn = water(given_, back=back)
    left = sum(stream.share for stream in drawn.streams)
    assert str(drawn.factor).rstrip("0") == "1"
    assert drawn.factor == 1 or left * drawn.factor <= WIDEST
    assert not left or left * drawn.factor * 10 > WIDEST
    for stream in drawn.streams:
        assert stream.wide >= max(stream.share * drawn.factor, THINNEST) - NEAR
        assert stream.wide <= max(stream.share * drawn.factor, 2 * THINNEST) + THINNEST
    told = " ".join(text for text, _, _ in texts(read(draw_wide(drawn))))
    assert ("times wider" in told) == (drawn.factor > 1)


@given(counts(), returned())
def test_streams_do_not_touch(given_: Counts, back: Returned | None) -> None:
    for places in (stream_places(water(given_, back=back)), column_places(tall(given_, back=back))):
        for (stream, place), (_, following) in itertools.pairwise(places):
            assert place + stream.wide < following + NEAR


@pytest.mark.parametrize("title", EXTREMES)
def test_the_extremes_are_told_in_words(title: str) -> None:
    given_ = EXTREMES[title]
    drawn = draw_wide(water(given_))
    for rows, word in ((given_.accepted, "published"), (given_.held, "held"), (given_.rejected, "rejected")):
        assert f"{rows:,} {word}" in drawn
    check_frame(drawn)


@given(counts(), returned())
def test_what_came_back_leaves_the_held_rows_and_joins_the_published(given_: Counts, back: Returned | None) -> None:
    """By as much as it is, in both pictures, and only where a row is published and one can come back."""
    came = min(back.rows, given_.accepted) if back else 0
    for drawn, draw in ((water(given_, back=back), draw_wide), (tall(given_, back=back), draw_tall)):
        unit = drawn.canal / given_.received if given_.received else 0
        assert drawn.published - drawn.through == pytest.approx(unit * came)
        picture = draw(drawn)
        arrow = "f-deep" in {role for role, *_ in boxes(read(picture), "f-deep")}
        assert arrow == bool(back and given_.accepted and (given_.held or came))
        assert ("came back" in picture) == bool(came)
        if came:
            rows, by = f"{came:,} {'row' if came == 1 else 'rows'} came back", f"by {back.amendments} amendment"  # type: ignore[union-attr]
            assert f"Of them {rows} {by}" in picture  # the description
            told = " ".join(text for text, _, _ in texts(read(picture)))
            assert f"{rows} {by}" in told


def test_that_none_came_back_yet_is_told() -> None:
    picture = draw_wide(water(EXTREMES["as drawn"], back=Returned(rows=0, amendments=0)))
    assert "released rows return as an amendment: 0 so far" in picture
    assert 'class="back"' in picture


def test_the_gate_tells_what_left_there_though_some_came_back() -> None:
    counted = Counts(received=20_000, accepted=19_347, held=512, rejected=96, duplicate=45)
    picture = draw_wide(water(counted, back=Returned(rows=47, amendments=2)))
    assert "At the gate 19,300 rows went on and 700 left the stream. Of them 47 rows came back by 2 amend" in picture
    assert "700 rows leave the stream" in picture
    assert "512 held" in picture


@pytest.mark.parametrize(
    ("number", "told"),
    [(0, "0"), (99_999, "99,999"), (120_000, "120k"), (4_118_206, "4.1M"), (40_000_000, "40M"), (10**9, "1G")],
)
def test_large_numbers_are_short(number: int, told: str) -> None:
    assert compact(number) == told
