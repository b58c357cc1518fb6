from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from headgate.core.errors import UsageError
from headgate.core.replacing import replace
from headgate.generate.defects import Defect, FileDefect
from headgate.generate.sales import Generated, SalesOptions, generate_sales

Generate = Callable[..., Generated]

AMOUNT = re.compile(r'"(?:unit_price|line_total|cost|subtotal|tax|total)":([^,}]+)')


@pytest.fixture
def generate(tmp_path: Path, rates_file: Path, end: datetime) -> Generate:
    def run(folder: str = "out", *, force: bool = False, **options: object) -> Generated:
        asked = replace(SalesOptions(count=300, end=end, seed=7), **options)  # type: ignore[arg-type]
        return generate_sales(asked, tmp_path / folder, rates=rates_file, progress=lambda _: None, force=force)

    return run


def contents(run: Generated) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (*run.files, run.answers)}


def test_documents_have_the_shape_and_names_of_batches(generate: Generate, end: datetime) -> None:
    run = generate(files=4, count=301)
    assert [path.name for path in run.files] == sorted({path.name for path in run.files})
    documents = [json.loads(path.read_bytes()) for path in run.files]
    assert [document["transaction_count"] for document in documents] == [76, 75, 75, 75]
    assert sum(len(document["transactions"]) for document in documents) == run.records == 301
    for path, document in zip(run.files, documents, strict=True):
        assert list(document) == ["batch_id", "generated_at", "transaction_count", "transactions"]
        made = datetime.fromisoformat(document["generated_at"])
        assert path.name == made.strftime("sales_batch_%Y%m%d_%H%M%S.json")
        assert (
            document["transactions"][-1]["timestamp"] < document["generated_at"] <= end.strftime("%Y-%m-%dT%H:%M:%SZ")
        )
    assert run.size_bytes == sum(path.stat().st_size for path in run.files)


def test_money_has_two_decimals_and_records_are_of_natural_size(generate: Generate) -> None:
    run = generate(count=2_000)
    text = run.files[0].read_text()
    amounts = AMOUNT.findall(text)
    assert len(amounts) > 10_000
    assert [amount for amount in amounts if not re.fullmatch(r"\d+\.\d\d", amount)] == []
    assert 780 <= run.size_bytes / run.records <= 860


def test_equal_options_give_equal_bytes(generate: Generate, end: datetime) -> None:
    asked: dict[str, object] = {"files": 3, "defects": 0.05, "file_defects": (FileDefect.CUT_OFF,)}
    elsewhere = end.astimezone(timezone(timedelta(hours=2)))
    assert contents(generate("one", **asked)) == contents(generate("two", **asked, end=elsewhere))
    assert contents(generate("one", **asked)) != contents(generate("three", **asked, seed=8))


def test_the_end_comes_from_the_clock_where_none_is_given(tmp_path: Path, rates_file: Path, end: datetime) -> None:
    run = generate_sales(SalesOptions(count=5), tmp_path, rates=rates_file, progress=lambda _: None, clock=lambda: end)
    assert json.loads(run.answers.read_text())["end"] == "2026-11-20T06:00:00Z"
    with pytest.raises(UsageError, match="Next: give --end"):
        generate_sales(SalesOptions(count=5), tmp_path, rates=rates_file, progress=lambda _: None)


def test_progress_comes_to_the_count(tmp_path: Path, rates_file: Path, end: datetime) -> None:
    done: list[int] = []
    options = SalesOptions(count=90, files=3, end=end, file_defects=(FileDefect.CUT_OFF, FileDefect.EMPTY))
    generate_sales(options, tmp_path, rates=rates_file, progress=done.append)
    assert sum(done) == 90


def test_no_defects_leave_only_the_header(generate: Generate) -> None:
    run = generate(defects=0.0)
    assert run.counts == {}
    assert len(run.answers.read_text().splitlines()) == 1


@pytest.mark.parametrize("kind", list(Defect))
def test_one_kind_can_be_chosen(generate: Generate, kind: Defect) -> None:
    run = generate(count=900, files=2, defects=0.02, kinds=frozenset({kind}))
    assert set(run.counts) == {kind}
    assert 6 <= run.counts[kind] <= 18


def test_one_file_has_no_duplicate_across(generate: Generate) -> None:
    assert Defect.DUPLICATE_ACROSS not in generate(defects=0.1).counts


def test_other_data_is_not_overwritten(generate: Generate, tmp_path: Path) -> None:
    first = generate(files=3)
    before = contents(first)
    assert contents(generate(files=3)) == before
    with pytest.raises(UsageError, match=r"holds data of seed 7.*--force"):
        generate(files=2, seed=8)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    (tmp_path / "out" / "notes.txt").write_text("mine")
    second = generate(files=2, seed=8, force=True)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*contents(second), "notes.txt"}


def test_a_folder_of_strange_files_is_not_written_to(generate: Generate, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds other files"):
        generate()
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="is a file, not a folder"):
        generate("file")


def test_a_failed_run_leaves_nothing(tmp_path: Path, rates_file: Path, end: datetime) -> None:
    def fail(_: int) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        generate_sales(SalesOptions(count=50, end=end), tmp_path, rates=rates_file, progress=fail)
    assert list(tmp_path.iterdir()) == []


def test_a_span_without_rates_is_refused(generate: Generate, end: datetime) -> None:
    with pytest.raises(UsageError, match=r"has no rate for EUR on 20\d\d-\d\d-\d\d. Next: choose --end"):
        generate(end=end + timedelta(days=600))


def test_damaged_files_come_last_and_lie_as_the_key_says(generate: Generate) -> None:
    run = generate(count=1_000, files=5, defects=0.05, file_defects=tuple(FileDefect))
    *sound, middle, cut, encoded, empty = run.files
    assert [json.loads(path.read_bytes())["transaction_count"] for path in sound] == [200]
    lines = [json.loads(line) for line in run.answers.read_text().splitlines()[1:]]
    assert {line["file"] for line in lines if line["record"]} == {sound[0].name}
    key = {line["file"]: line for line in lines if line["record"] is None}
    assert [key[path.name]["kind"] for path in (middle, cut, encoded, empty)] == list(FileDefect)
    assert [key[path.name]["code"] for path in (middle, cut, encoded, empty)] == [
        "malformed", "malformed", "bad_encoding", "empty_file",
    ]  # fmt: skip
    assert empty.read_bytes() == b""
    assert cut.stat().st_size == key[cut.name]["position"]
    with pytest.raises(json.JSONDecodeError):
        json.loads(cut.read_bytes())


def test_without_the_garbage_the_document_is_whole(generate: Generate) -> None:
    for seed in range(6):
        run = generate(f"{seed}", seed=seed, files=2, file_defects=(FileDefect.MALFORMED_MIDDLE,))
        whole = run.files[1].read_bytes()
        position = json.loads(run.answers.read_text().splitlines()[-1])["position"]
        with pytest.raises(json.JSONDecodeError):
            json.loads(whole)
        end_of_garbage = whole.index(b',\n{"transaction_id":"T2026', position) + 2
        assert len(json.loads(whole[:position] + whole[end_of_garbage:])["transactions"]) == 150


def test_wrong_encodings_are_read_only_in_their_own(generate: Generate) -> None:
    seen = set()
    for seed in range(8):
        run = generate(f"{seed}", seed=seed, count=400, files=2, file_defects=(FileDefect.WRONG_ENCODING,))
        answer = json.loads(run.answers.read_text().splitlines()[-1])
        content = run.files[1].read_bytes()
        with pytest.raises(UnicodeDecodeError) as failure:
            content.decode()
        assert failure.value.start == answer["position"]
        assert json.loads(content.decode(answer["encoding"]))["transaction_count"] == 200
        seen.add(answer["encoding"])
    assert seen == {"latin-1", "utf-16"}
