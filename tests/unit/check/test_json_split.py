import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.check.json_split import COMMA, NEWLINE, even_starts, seam_between, split_front


def lengths(*sizes: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(sizes, dtype=np.int64)


@pytest.mark.parametrize(
    ("body", "sizes", "starts"),
    [
        (b"[1, 2, 3]", (1, 1, 1), [1, 4, 7]),
        (b"[ 12,3]", (2, 1), [2, 5]),
        (b'[{"a":1},\n  "x"]', (7, 3), [1, 12]),
        (b"[5]", (1,), [1]),
        (b"[1, 2 ,3]", (1, 1, 1), None),  # same size of gap, other bytes
        (b"[1,  2,3]", (1, 1, 1), None),  # the gaps differ and only their sum is even
        (b"[1  2]", (1, 1), None),  # no comma
    ],
)
def test_starts_are_told_only_where_they_are_proven(
    body: bytes, sizes: tuple[int, ...], starts: list[int] | None
) -> None:
    first = 1 + (len(body[1:]) - len(body[1:].lstrip()))
    found = even_starts(body, lengths(*sizes), COMMA, first=first, behind=1)
    assert (None if found is None else found.tolist()) == starts


def test_a_gap_of_lines_needs_a_newline() -> None:
    assert even_starts(b"1 2", lengths(1, 1), NEWLINE, first=0, behind=0) is None
    found = even_starts(b"1\r\n2\r\n", lengths(1, 1), NEWLINE, first=0, behind=2)
    assert found is not None
    assert found.tolist() == [0, 3]


records = st.lists(
    st.dictionaries(st.sampled_from("ab"), st.text('a{}[],": \\', max_size=8) | st.integers(), min_size=1), min_size=3
)


@given(records, st.sampled_from([", ", ",", " ,\n  "]))
def test_the_front_of_a_window_splits_at_a_seam_or_not_at_all(values: list[dict[str, object]], separator: str) -> None:
    texts = [json.dumps(value).encode() for value in values]
    data = separator.encode().join(texts)
    seam = seam_between(data, len(texts[0]), len(texts[0]) + len(separator))
    split = split_front(data, 0, seam)
    if split is None:
        return
    count = len(split.lengths)
    assert split.data == b"".join(texts[:count])
    expected = [
        len(separator.encode().join(texts[:index])) + len(separator) * bool(index) for index in range(count + 1)
    ]
    assert split.starts.tolist() == expected[:-1]
    assert split.next_start == expected[-1]


def test_a_wrong_seam_is_noticed() -> None:
    data = b'{"a": 1}, {"a": [{"a": 2}, {"a": 3}'
    seam = seam_between(data, 8, 10)
    split = split_front(data, 0, seam)
    assert split is not None
    assert split.data == b'{"a": 1}'
    assert split_front(data[10:], 0, seam) is None
