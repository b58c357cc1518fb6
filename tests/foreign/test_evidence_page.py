"""The examples of docs/evidence.md: what it shows is what we make, and its commands run as they stand."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from headgate.core.receipts import make_receipt, verify_receipt
from headgate.core.signing_keys import PrivateKey
from headgate.core.tree_hash import leaf_hash, root_of

PAGE = (Path(__file__).parents[2] / "docs" / "evidence.md").read_text(encoding="utf-8")
LOG = PrivateKey(name="log.example/orders", seed=bytes(range(32)))


def block(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(found) == 1, f"the page has {len(found)} examples in {language}"
    text: str = found[0]
    return text


def shown_receipt() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(block("json"))
    return document


def run_script(folder: Path, document: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    (folder / "check.py").write_text(block("python"), encoding="utf-8")
    (folder / "receipt.json").write_text(json.dumps(document), encoding="utf-8")
    command = [sys.executable, "-I", "check.py", "receipt.json", LOG.public().to_text()]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_receipt_on_the_page_verifies_and_is_the_one_we_make() -> None:
    document = shown_receipt()
    verified = verify_receipt(json.dumps(document).encode(), [LOG.public()])
    made = make_receipt(
        verified.body,
        leaf=verified.leaf,
        index=verified.index,
        proof=[bytes.fromhex(hash_after("node over the first two"))],
        checkpoint=document["checkpoint"],
        key=LOG,
    )
    assert json.loads(made) == document
    assert LOG.public().to_text() in PAGE
    assert document["checkpoint"] in PAGE


def hash_after(line: str) -> str:
    return PAGE.split(f"{line}\n")[1].split("\n")[0].strip()


def test_the_hashes_on_the_page_are_those_of_its_events() -> None:
    events = [line for line in PAGE.splitlines() if line.startswith('{"at"')]
    assert [leaf_hash(event.encode()).hex() for event in events] == [hash_after(event) for event in events]
    assert root_of([event.encode() for event in events]).hex() == hash_after("root of the three")
    assert root_of([event.encode() for event in events[:2]]).hex() == hash_after("node over the first two")


def test_the_script_on_the_page_proves_the_receipt_without_us(tmp_path: Path) -> None:
    finished = run_script(tmp_path, shown_receipt())
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith('proven: {"acceptance":"0.90"')


@pytest.mark.parametrize("part", ["body", "leaf", "proof", "checkpoint"])
def test_the_script_on_the_page_refuses_a_changed_part(tmp_path: Path, part: str) -> None:
    document = shown_receipt()
    if part == "checkpoint":
        document["checkpoint"] = document["checkpoint"].replace("\n3\n", "\n4\n")
    else:
        document[part]["index" if part == "proof" else "delivery"] = 1
    assert run_script(tmp_path, document).returncode == 1


def test_the_openssl_commands_on_the_page_verify_the_checkpoint(tmp_path: Path) -> None:
    if not shutil.which("openssl") or not shutil.which("bash"):
        pytest.skip("needs openssl and bash")
    commands = block("sh")
    good = subprocess.run(["bash", "-c", commands], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (good.returncode, "Verified Successfully" in good.stdout) == (0, True), good.stderr
    changed = commands.replace(r"orders\n3\n", r"orders\n4\n")
    assert changed != commands
    bad = subprocess.run(["bash", "-c", changed], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert bad.returncode == 1
