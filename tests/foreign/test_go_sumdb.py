"""Our notes, trees and proofs against Go's own `sumdb/note` and `sumdb/tlog`, which know nothing of us."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.harness.needed import missing, needed

from headgate.core.canonical import canonical, digest
from headgate.core.checkpoints import Checkpoint, sign_checkpoint
from headgate.core.merkle import NodeId, append, consistency_proof, inclusion_proof, root
from headgate.core.notes import cosign, parse_note, sign_note, verify_note
from headgate.core.receipts import make_receipt, verify_receipt
from headgate.core.signing_keys import PrivateKey
from headgate.core.tree_hash import leaf_hash

PROGRAM = Path(__file__).parent / "go"
LOG = PrivateKey(name="log.example/orders", seed=bytes(range(32)))
WITNESS = PrivateKey(name="witness.example/one", seed=bytes(range(1, 33)))
TEXT = "a text\n\nwith — an empty line\n"
LARGE = (1000, 4095, 4096, 4097, 10_000)
LEAVES = [canonical({"number": number, "type": "landed"}) for number in range(max(LARGE))]
NODES: dict[NodeId, bytes] = {
    (node.level, node.position): node.hash for node in append(0, lambda _: [], [leaf_hash(leaf) for leaf in LEAVES])[1]
}

Claim = dict[str, Any]  # as the program's JSON is
Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def ask_go(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    go = needed("go")
    modules = subprocess.run([go, "mod", "download"], cwd=PROGRAM, capture_output=True, text=True, check=False)
    if modules.returncode:
        missing(f"go cannot get the module that go.mod names: {modules.stderr}")
    binary = tmp_path_factory.mktemp("go") / "foreign"
    subprocess.run([go, "build", "-mod=readonly", "-buildvcs=false", "-o", str(binary), "."], cwd=PROGRAM, check=True)

    def ask(**claims: object) -> dict[str, Any]:
        keys = {"verifier_key": LOG.public().to_text(), "signer_key": LOG.to_text(), "text": TEXT}
        leaves = [text_of(leaf) for leaf in LEAVES]
        request = json.dumps({**keys, "leaves": leaves, **claims})
        answered = subprocess.run([str(binary)], input=request, capture_output=True, text=True, check=True)
        answer: dict[str, Any] = json.loads(answered.stdout)
        return answer

    return ask


def text_of(value: bytes) -> str:
    return base64.b64encode(value).decode()


def read(ids: Sequence[NodeId]) -> list[bytes]:
    return [NODES[one] for one in ids]


def tree(size: int) -> Claim:
    return {"size": size, "root": text_of(root(size, read))}


def checkpoint(size: int) -> str:
    return sign_checkpoint(Checkpoint(origin=LOG.name, size=size, root=root(size, read)), LOG).to_text()


def inclusion(index: int, size: int) -> Claim:
    proof = [text_of(value) for value in inclusion_proof(index, size, read)]
    return {"tree": tree(size), "index": index, "leaf": text_of(LEAVES[index]), "proof": proof}


def consistency(old: int, new: int) -> Claim:
    proof = [text_of(value) for value in consistency_proof(old, new, read)]
    return {"old": tree(old), "new": tree(new), "proof": proof}


def flipped(encoded: str) -> str:
    value = bytearray(base64.b64decode(encoded))
    value[3] ^= 1
    return text_of(bytes(value))


def some_large_claims() -> tuple[list[Claim], list[Claim]]:
    random = Random(7)  # noqa: S311 a seeded source, so that a failure can be repeated
    inclusions = [inclusion(random.randrange(size), size) for size in LARGE for _ in range(20)]
    consistencies = [consistency(random.randint(1, size), size) for size in LARGE for _ in range(20)]
    return inclusions, consistencies


def test_go_agrees_with_every_claim_up_to_64_and_with_large_trees(ask_go: Ask) -> None:
    large_inclusions, large_consistencies = some_large_claims()
    inclusions = [inclusion(index, size) for size in range(1, 65) for index in range(size)] + large_inclusions
    consistencies = [consistency(old, new) for new in range(1, 65) for old in range(1, new + 1)] + large_consistencies
    checkpoints = [checkpoint(size) for size in (*range(65), *LARGE)]
    answer = ask_go(checkpoints=checkpoints, inclusions=inclusions, consistencies=consistencies)
    assert answer["checkpoints"] == [""] * 70
    assert answer["inclusions"] == [""] * (2080 + 100)
    assert answer["consistencies"] == [""] * (2080 + 100)


def test_go_passes_over_the_signature_of_a_witness(ask_go: Ask) -> None:
    assert ask_go(checkpoints=[cosign(parse_note(checkpoint(9)), WITNESS).to_text()])["checkpoints"] == [""]


def test_go_refuses_what_was_tampered_with(ask_go: Ask) -> None:
    note = checkpoint(9)
    notes = [
        note.replace("\n9\n", "\n10\n"),
        note.replace(text_of(root(9, read)), text_of(root(8, read))),
        sign_checkpoint(Checkpoint(origin=LOG.name, size=9, root=root(8, read)), LOG).to_text(),
        sign_note(Checkpoint(origin=LOG.name, size=9, root=root(9, read)).to_text(), [WITNESS]).to_text(),
        note + "trailing\n",
        note[:-2] + "\n",
    ]
    honest = [inclusion(index, 21) for index in range(21)]
    inclusions = [{**claim, "leaf": flipped(claim["leaf"])} for claim in honest]
    inclusions += [{**claim, "index": (claim["index"] + 1) % 21} for claim in honest]
    inclusions += [{**claim, "proof": [flipped(claim["proof"][0]), *claim["proof"][1:]]} for claim in honest]
    inclusions += [{**claim, "proof": claim["proof"][:-1]} for claim in honest]
    ties = [consistency(old, 21) for old in range(1, 21)]
    consistencies = [{**claim, "proof": [*claim["proof"][:-1], flipped(claim["proof"][-1])]} for claim in ties]
    consistencies += [{**claim, "old": {**claim["old"], "root": flipped(claim["old"]["root"])}} for claim in ties]
    consistencies += [{**claim, "proof": [*claim["proof"], claim["proof"][0]]} for claim in ties]
    answer = ask_go(checkpoints=notes, inclusions=inclusions, consistencies=consistencies)
    assert all(answer["checkpoints"])
    assert all(answer["inclusions"])
    assert all(answer["consistencies"])
    assert [len(answer[kind]) for kind in ("checkpoints", "inclusions", "consistencies")] == [6, 84, 60]


def test_a_note_that_go_signs_is_ours_to_the_byte(ask_go: Ask) -> None:
    signed = ask_go()["signed"]
    assert signed == sign_note(TEXT, [LOG]).to_text()
    assert verify_note(parse_note(signed), [LOG.public()]) == (LOG.public(),)


def test_go_finds_the_event_of_a_receipt_in_the_log(ask_go: Ask) -> None:
    body = {"delivery": "d-0123456789abcdef", "counts": {"received": 3}}
    size, index = 100, 42
    leaf = json.loads(LEAVES[index]) | {"receipt": digest(body)}
    with_event = [*LEAVES[:index], canonical(leaf), *LEAVES[index + 1 : size]]
    written = append(0, lambda _: [], [leaf_hash(one) for one in with_event])[1]
    nodes = {(node.level, node.position): node.hash for node in written}

    def read_nodes(ids: Sequence[NodeId]) -> list[bytes]:
        return [nodes[one] for one in ids]

    head = Checkpoint(origin=LOG.name, size=size, root=root(size, read_nodes))
    receipt = make_receipt(
        body,
        leaf=leaf,
        index=index,
        proof=inclusion_proof(index, size, read_nodes),
        checkpoint=sign_checkpoint(head, LOG).to_text(),
        key=LOG,
    )
    assert verify_receipt(receipt, [LOG.public()]).index == index
    document = json.loads(receipt)
    claim = {
        "tree": {"size": size, "root": text_of(head.root)},
        "index": document["proof"]["index"],
        "leaf": text_of(canonical(document["leaf"])),
        "proof": document["proof"]["hashes"],
    }
    answer = ask_go(
        leaves=[text_of(one) for one in with_event], checkpoints=[document["checkpoint"]], inclusions=[claim]
    )
    assert (answer["checkpoints"], answer["inclusions"]) == ([""], [""])
