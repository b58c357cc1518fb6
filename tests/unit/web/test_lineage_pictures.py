from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.web.drawings import boxes, frame, points_of, read, texts

from headgate.core.column_lineage import Origin
from headgate.core.flow_lineage import TableLineage
from headgate.web.lineage_pictures import COLUMNS, Node, column_picture, delivery_picture

names = st.text(min_size=1, max_size=80)
origins = st.builds(Origin, st.sampled_from(["accepted", "t", "u", "rates"]), names)
columns = st.dictionaries(names, st.lists(origins, max_size=4).map(tuple), max_size=60)
nodes = st.lists(st.builds(Node, name=names, about=names), max_size=30, unique_by=lambda node: node.name)


def check_frame(drawing: str) -> None:
    root = read(drawing)
    width, height = frame(root)
    for shape in root.iter():
        points = list(points_of(shape.attrib["d"])) if shape.tag == "path" else []
        assert all(0 <= x <= width and 0 <= y <= height for x, y in points), shape.attrib
    for _, left, top, right, bottom in boxes(root, "node", "f-ink"):
        assert 0 <= left <= right <= width
        assert 0 <= top <= bottom <= height + 0.2
    for text, x, y in texts(root):
        assert 0 <= x <= width, text
        assert 0 <= y <= height + 0.2, text


@given(columns)
def test_columns_of_any_table_stay_in_the_frame(given_: dict[str, tuple[Origin, ...]]) -> None:
    lineage = TableLineage(columns=given_, relations=(), file="x.sql")
    picture = column_picture("sales/gold/daily", lineage, list(given_), ())
    assert (picture is None) == (not given_)
    if picture is not None:
        check_frame(picture)
        drawn = list(given_)[:COLUMNS]
        lines = [shape for shape in read(picture).iter() if shape.attrib.get("class") == "lead-line"]
        assert len(lines) == sum(len(given_[name]) for name in drawn)


@given(nodes, nodes)
def test_the_way_of_a_delivery_stays_in_the_frame(silver: list[Node], gold: list[Node]) -> None:
    reads = {node.name: [one.name for one in silver] for node in gold}
    picture = delivery_picture(Node(name="x" * 300, about="1 row"), silver, gold, reads)
    assert (picture is None) == (not silver)
    if picture is not None:
        check_frame(picture)
