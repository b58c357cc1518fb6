from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

Call = Callable[..., Any]


def test_a_receipt_is_verified_with_the_keys_alone(
    in_ran: Call, in_empty: Call, ran: Path, tmp_path: Path, first: dict[str, Any]
) -> None:
    shown = in_ran("receipt", "show", first["id"], "--json").document
    assert shown["body"]["counts"]["published"] == first["counts"]["published"]
    shutil.copy(ran / "receipts" / first["receipt"], tmp_path / "receipt.json")
    shutil.copy(ran / "keys" / "public.json", tmp_path / "public.json")
    proven = in_empty("receipt", "verify", "receipt.json", "--key", "public.json", "--json").document
    assert proven["proven"] is True
    assert proven["body"] == shown["body"]
    (key,) = in_ran("keys", "list", "--json").document["keys"]
    (tmp_path / "key.txt").write_text(f"{key['name']}+{key['id']}+{key['base64']}\n")
    in_empty("receipt", "verify", "receipt.json", "--key", "key.txt")


def test_a_changed_receipt_is_refused(in_empty: Call, ran: Path, tmp_path: Path, first: dict[str, Any]) -> None:
    receipt = json.loads((ran / "receipts" / first["receipt"]).read_text())
    receipt["body"]["counts"]["published"] += 1
    (tmp_path / "receipt.json").write_text(json.dumps(receipt))
    told = in_empty("receipt", "verify", "receipt.json", "--key", ran / "keys" / "public.json", expect=1)
    assert "was changed after it was signed" in told.err


def test_an_export_is_verified_without_the_project(headgate: Call, in_empty: Call, project: Path) -> None:
    headgate("audit", "export", "--output", "evidence")
    given = ("--events", project / "evidence" / "events.ndjson", "--anchor", project / "evidence" / "checkpoints.txt")
    keys = ("--key", project / "evidence" / "public.json")
    told = in_empty("audit", "verify", *given, *keys, "--json").document
    assert told["ok"] is True
    assert told["unanchored"] == 0
    events = project / "evidence" / "events.ndjson"
    events.write_bytes(events.read_bytes().replace(b'"accepted":', b'"acceptet":', 1))
    changed = in_empty("audit", "verify", *given, *keys, "--json", expect=1).document
    assert [finding["fault"] for finding in changed["findings"]]


def test_an_edited_event_and_a_missing_file_are_found(headgate: Call, project: Path, first: dict[str, Any]) -> None:
    trusted = headgate("audit", "checkpoint").out
    (project / "trusted.txt").write_text(trusted)
    assert headgate("audit", "verify", "--since", "trusted.txt", "--bytes", "--json").document["ok"] is True
    sha256 = headgate("show", first["id"], "--json").document["sha256"]
    (project / "vault" / sha256[:2] / sha256).unlink()
    kept = headgate("audit", "verify", "--json", expect=1).document["kept"]
    assert kept["missing"] == [first["id"]]
    with sqlite3.connect(project / "ledger.db") as database:
        triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events'")
        for (name,) in triggers.fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("UPDATE events SET leaf = replace(leaf, '\"held\":', '\"helt\":') WHERE type = 'published'")
    findings = headgate("audit", "verify", "--json", expect=1).document["findings"]
    assert "events_changed" in {finding["fault"] for finding in findings}


def test_receipts_of_before_verify_after_a_rotation(headgate: Call, project: Path, first: dict[str, Any]) -> None:
    headgate("keys", "rotate")
    assert len(headgate("keys", "list", "--json").document["keys"]) == 2
    headgate("receipt", "verify", project / "receipts" / first["receipt"])
    assert headgate("audit", "verify", "--json").document["unanchored"] == 0


def test_a_key_file_that_is_none_is_told(in_ran: Call, tmp_path: Path, ran: Path, first: dict[str, Any]) -> None:
    (tmp_path / "keys.json").write_text("[{}]")
    told = in_ran("receipt", "verify", ran / "receipts" / first["receipt"], "--key", tmp_path / "keys.json", expect=2)
    assert "is no list of public keys" in told.err
