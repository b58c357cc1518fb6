from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs

COUNTS = {
    "type": "object",
    "properties": {
        name: {"type": "integer", "minimum": 0} for name in ("received", "published", "held", "rejected", "duplicate")
    },
    "required": ["received", "published", "held", "rejected", "duplicate"],
    "additionalProperties": False,
}
REASON = {
    "type": "object",
    "properties": {
        "verdict": {"enum": ["accepted", "held", "rejected", "duplicate"]},
        "code": {"type": "string"},
        "column": {"type": "string"},
        "rule": {"type": "string"},
        "rows": {"type": "integer", "minimum": 1},
    },
    "required": ["verdict", "code", "column", "rule", "rows"],
    "additionalProperties": False,
}
RUN = {
    "type": "object",
    "properties": {
        "run": {"type": "string", "pattern": r"^r-\d{8}-\d{6}-[0-9a-f]{4}$"},
        "counts": COUNTS,
        "deliveries": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "pattern": "^d-[0-9a-f]{16}$"},
                    "flow": {"type": ["string", "null"]},
                    "file": {"type": "string"},
                    "state": {"type": "string"},
                    "counts": {"anyOf": [COUNTS, {"type": "null"}]},
                    "reasons": {"type": "array", "items": REASON},
                    "receipt": {"type": ["string", "null"]},
                },
                "required": ["id", "flow", "file", "state", "counts", "reasons", "receipt"],
            },
        },
    },
    "required": ["run", "counts", "deliveries", "reports", "already_taken", "unmatched", "failed"],
}

Call = Callable[..., Any]


def _balances(counts: dict[str, int]) -> bool:
    return counts["received"] == sum(counts[name] for name in ("published", "held", "rejected", "duplicate"))


def test_the_document_of_a_run_has_its_form_and_balances(ran: Path) -> None:
    document = json.loads((ran / "run.json").read_text())
    jsonschema_rs.validate(RUN, document)
    assert document["counts"]["received"] == 600
    assert _balances(document["counts"])
    assert all(_balances(one["counts"]) and one["state"] == "archived" for one in document["deliveries"])
    assert {name: sum(one["counts"][name] for one in document["deliveries"]) for name in document["counts"]} == (
        document["counts"]
    )
    assert all((ran / "receipts" / one["receipt"]).is_file() for one in document["deliveries"])
    assert all(Path(report[kind]).is_file() for report in document["reports"] for kind in ("page", "document"))


def test_reasons_are_those_of_the_answer_key(ran: Path) -> None:
    document = json.loads((ran / "run.json").read_text())
    answers = [json.loads(line) for line in (ran / "incoming" / "answers.jsonl").read_text().splitlines()[1:]]
    expected = {(one["verdict"], one["code"]) for one in answers if one["decided_by"] == "rule"}
    told = {(reason["verdict"], reason["code"]) for one in document["deliveries"] for reason in one["reasons"]}
    assert expected
    assert expected <= told


def test_the_same_files_again_are_already_taken(headgate: Call, project: Path) -> None:
    files = sorted(project.glob("incoming/sales*.json"))
    document = headgate("run", *files, "--json").document
    assert [one["file"] for one in document["already_taken"]] == [file.name for file in files]
    assert document["deliveries"] == []
    assert document["reports"] == []
    assert "already taken" in headgate("run", *files).out


def test_a_file_of_no_flow_is_kept_and_can_be_run_with_a_flow(headgate: Call, project: Path) -> None:
    headgate("generate", "sales", "--count", 50, "--seed", 3, "--first-number", 50_000, "--output", "more")
    (sent,) = project.glob("more/sales*.json")
    strange = sent.rename(project / "export.dat")
    document = headgate("run", strange, "--json").document
    assert document["unmatched"] == ["export.dat"]
    assert document["deliveries"][0]["state"] == "unmatched"
    again = headgate("run", strange, "--flow", "sales", "--json").document
    assert again["counts"]["published"] == 50


def test_a_folder_gives_its_files_but_neither_hidden_ones_nor_links_out_of_it(headgate: Call, project: Path) -> None:
    folder = project / "sent"
    (folder / "deep").mkdir(parents=True)
    outside = project / "outside.csv"
    outside.write_text("a\n1\n")
    (folder / "deep" / "b.csv").write_text("b\n1\n")
    (folder / ".hidden.csv").write_text("c\n1\n")
    (folder / "link.csv").symlink_to(outside)
    os.mkfifo(folder / "pipe.csv")
    told = headgate("run", folder, "--dry-run", "--json").document["would_take"]
    assert [Path(one["file"]).name for one in told] == ["b.csv"]
    assert told[0]["will"] == "keep, unmatched"


def test_the_project_itself_is_nothing_that_was_sent(headgate: Call, project: Path) -> None:
    shutil.rmtree(project / "incoming")
    told = headgate("run", ".", "--dry-run", "--json").document["would_take"]
    assert {Path(one["file"]).name for one in told} <= {".gitignore", "run.json"}


def test_fail_on_ends_with_three_where_there_are_such_rows(headgate: Call, project: Path) -> None:
    made = ("--count", 100, "--defects", 0.2, "--kind", "total_mismatch", "--seed", 5, "--first-number", 60_000)
    headgate("generate", "sales", *made, "--output", "held")
    (file,) = project.glob("held/sales*.json")
    headgate("run", file, "--fail-on", "rejected")
    headgate("generate", "sales", *made[:-1], 70_000, "--output", "held2")
    (file,) = project.glob("held2/sales*.json")
    headgate("run", file, "--fail-on", "held", expect=3)


def test_a_path_that_is_not_there_is_a_wrong_call(in_ran: Call) -> None:
    told = in_ran("run", "nowhere.json", "--json", expect=2)
    assert told.document["error"]["kind"] == "UsageError"
    assert "does not exist" in told.err
    assert "Traceback" not in told.err


def test_an_unknown_flow_names_the_near_one(in_ran: Call) -> None:
    assert "Did you mean 'sales'?" in in_ran("run", "--flow", "sale", expect=2).err


def test_workers_come_to_the_same_counts(ran: Path, tmp_path: Path, in_empty: Call) -> None:
    expected = json.loads((ran / "run.json").read_text())
    in_empty("init", ".", "--name", "shop")
    files = sorted(ran.glob("incoming/sales*.json"))
    document = in_empty("run", *files, "--workers", 1, "--json").document
    assert document["counts"] == expected["counts"]
    assert [one["id"] for one in document["deliveries"]] == [one["id"] for one in expected["deliveries"]]
    assert not list(tmp_path.glob("lake/.stage/spill-*"))


def test_a_run_without_a_path_and_without_work_says_so(headgate: Call) -> None:
    assert "Nothing waits" in headgate("run").out


def test_demo_runs_in_an_empty_folder(in_empty: Call, tmp_path: Path) -> None:
    document = in_empty("demo", "--json").document
    jsonschema_rs.validate(RUN, document)
    assert document["counts"]["received"] == 5_000
    assert Path(document["project"]) == tmp_path
    assert len(document["reports"]) == 1
    again = in_empty("demo", ".", "--json").document
    assert len(again["already_taken"]) == 3
