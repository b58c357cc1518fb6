"""A record laid out by its contract: what is masked, what survives a form, and what counts as an edit."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from headgate.core.contract import Column, Contract, Kind
from headgate.serve.record_form import changed_values, is_personal, lay_out, read_record, told, value_at


def column(name: str, kind: Kind = Kind.STRING, **more: Any) -> Column:  # noqa: ANN401  any field of a column
    return Column(name=name, source_name=more.pop("source_name", name), path=more.pop("path", name), kind=kind, **more)


CONTRACT = Contract(
    id="shop",
    name="shop",
    version="1.0.0",
    status="active",
    api_version="v3.1.0",
    digest="0" * 64,
    record="rows",
    columns=(
        column("id"),
        column("mail", personal=True),
        column("total", Kind.DECIMAL, precision=12, scale=2, source_name="Total"),
        column("who", Kind.OBJECT, children=(column("age", Kind.INTEGER, path="who.age"),)),
        column(
            "items",
            Kind.ARRAY,
            element=column("", Kind.OBJECT, path="items[]", children=(column("n", Kind.INTEGER, path="items[].n"),)),
        ),
    ),
    rules=(),
)
TEXTS = st.text(max_size=40)


def laid(record: object, **options: Any) -> Any:  # noqa: ANN401  a layout
    found = read_record(json.dumps(record))
    assert found is not None
    return lay_out(found, CONTRACT, **options)


@given(st.fixed_dictionaries({"id": TEXTS, "mail": TEXTS, "Total": st.integers(), "more": TEXTS}))
def test_what_was_shown_and_sent_back_is_no_edit(record: dict[str, object]) -> None:
    for unmasked in (True, False):
        layout = laid(record, unmasked=unmasked)
        posted = {
            field.path: field.value or ""
            for field in layout.fields()
            if field.editable and field.plain and not field.masked
        }
        assert changed_values(posted, layout) == {}


@given(TEXTS)
def test_no_sign_that_is_not_seen_goes_out(text: str) -> None:
    assert not {"\x00", "\u202e", "\u2066", "\x1b", "\n", "\r"} & set(told(text))


def test_an_edit_of_what_was_not_shown_counts_where_something_was_entered() -> None:
    layout = laid({"id": "a\x00b", "mail": "a@b", "Total": 1})
    assert changed_values({"mail": "", "id": "", "total": "1"}, layout) == {}
    assert changed_values({"mail": "c@d", "id": "e"}, layout) == {"id": "e", "mail": "c@d"}
    assert changed_values({"total": "", "items[0].n": "7", "more": "x"}, layout) == {"total": None}


def test_numbers_keep_their_digits() -> None:
    record = read_record('{"Total": 1.50, "who": {"age": 007}}')
    assert record is None  # no JSON
    record = read_record('{"Total": 1.50, "who": {"age": 1e3}, "items": [{"n": 2}]}')
    assert record is not None
    values = {field.path: field.value for field in lay_out(record, CONTRACT).fields()}
    assert (values["total"], values["who.age"], values["items[0].n"]) == ("1.50", "1e3", "2")
    assert value_at(record, CONTRACT, "who.age") == "1e3"
    assert value_at(record, CONTRACT, "items[].n") is None


def test_members_that_the_contract_does_not_name_are_masked() -> None:
    (field,) = laid({"x": "secret"}).unknown
    assert (field.shown, field.masked, field.editable) == ("••••", True, False)
    assert laid({"x": "secret"}, unmasked=True).unknown[0].shown == "secret"


def test_odd_shapes_are_shown_as_text() -> None:
    layout = laid({"id": {"a": [1, 2.5]}, "who": "text", "items": {"not": "a list"}, "Total": True})
    values = {field.path: field.value for field in layout.fields()}
    assert values == {
        "id": '{"a": [1, 2.5]}',
        "mail": None,
        "total": "true",
        "who": "text",
        "items": '{"not": "a list"}',
    }
    for text in ("[1]", "null", "{", "", "[" * 100_000):
        assert read_record(text) is None


def test_a_long_list_shows_its_first_elements_and_the_faulty_ones() -> None:
    layout = laid({"items": [{"n": n} for n in range(500)]}, faulty=["items[400].n"])
    (listed,) = layout.record.lists
    assert listed.length == 500
    assert [place for place, _ in listed.elements] == [*range(50), 400]


def test_what_may_be_personal() -> None:
    assert [is_personal(CONTRACT, path) for path in ("id", "mail", "id, mail", "items[3].n", "other", "")] == [
        False,
        True,
        True,
        False,
        True,
        True,
    ]
