from __future__ import annotations

import json
from pathlib import Path

import pytest
from benchmarks.contestants import floor


def document(path: Path, records: int, *, indent: int | None = None, padding: int = 0) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [
        {"transaction_id": f"T{n}", "note": 'a "quoted" ,{ ] brace' + "x" * padding, "items": [{"quantity": n}, {}]}
        for n in range(records)
    ]
    path.write_text(json.dumps({"batch_id": "B", "transactions": rows, "checked": 1}, indent=indent), encoding="utf-8")
    return rows


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(("records", "padding"), [(2, 0), (3, 40_000), (500, 0), (4000, 100)])
def test_parts_hold_every_record_once_in_order(tmp_path: Path, records: int, padding: int, indent: int | None) -> None:
    rows = document(tmp_path / "in.json", records, indent=indent, padding=padding)
    parts = floor.unwrap(tmp_path / "in.json", tmp_path)
    assert [row for part in parts for row in json.loads(Path(part).read_bytes())] == rows
    assert len(parts) <= floor.PARTS


def test_document_without_the_list_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in.json").write_text('{"sales": []}', encoding="utf-8")
    with pytest.raises(SystemExit, match="no list 'transactions'"):
        floor.unwrap(tmp_path / "in.json", tmp_path)
