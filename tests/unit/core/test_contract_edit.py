from __future__ import annotations

import pytest

from headgate.core.contract_document import read_contract
from headgate.core.contract_edit import with_columns
from headgate.core.errors import UsageError

TEXT = """\
# Käse: ümläuts before every mark, so that places count characters
apiVersion: v3.1.0
kind: DataContract
id: x
version: 1.2.0  # raised
status: active
schema:
  - name: rows
    properties:
      - name: id
        required: true
      - name: who
        logicalType: object
        properties:
          - {name: mail}

      - name: things
        logicalType: array
        items:
          logicalType: object
          properties:
            - name: n   # the last one
    # behind the columns
    quality: []
"""


def test_columns_stand_behind_the_last_one_of_their_object() -> None:
    given = {"": ["- name: a", "  logicalType: integer"], "who": ["- name: b"], "things[]": ["- name: c"]}
    text = with_columns(TEXT, given, version="1.3.0")
    contract = read_contract(text.encode(), name="x")
    assert contract.version == "1.3.0"
    assert [column.path for column in contract.walk()] == [
        *("id", "who", "who.mail", "who.b", "things", "things[]", "things[].n", "things[].c", "a")
    ]
    kept = [line for line in text.splitlines() if line not in {"      - name: a", "        logicalType: integer"}]
    assert set(TEXT.splitlines()) - set(kept) == {"version: 1.2.0  # raised"}
    assert "version: 1.3.0  # raised" in kept


def test_a_text_without_a_last_newline() -> None:
    text = with_columns(TEXT.partition("    # behind")[0].rstrip("\n"), {"things[]": ["- name: c"]}, version="1.3.0")
    assert text.endswith("            - name: n   # the last one\n            - name: c\n")


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("version: 1.0.0\nschema: [{name: rows, properties: [{name: id}]}]\n", {"": ["- name: a"]}),
        (TEXT, {"nobody": ["- name: a"]}),
        (TEXT, {"who.deeper": ["- name: a"]}),
        ("schema: []\n", {}),
    ],
)
def test_another_layout_is_for_people(text: str, columns: dict[str, list[str]]) -> None:
    with pytest.raises(UsageError, match="--contract"):
        with_columns(text, columns, version="2.0.0")
