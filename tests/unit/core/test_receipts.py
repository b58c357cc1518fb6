from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.base64_text import encode_base64
from headgate.core.canonical import CanonicalError, canonical, digest
from headgate.core.checkpoints import Checkpoint, sign_checkpoint
from headgate.core.evidence import EvidenceFault, ProofError
from headgate.core.merkle import NodeId, append, inclusion_proof, root
from headgate.core.notes import cosign
from headgate.core.receipts import make_receipt, verify_receipt
from headgate.core.signing_keys import PrivateKey
from headgate.core.tree_hash import leaf_hash

LOG = PrivateKey(name="log.example/orders", seed=bytes(range(32)))
NEXT_LOG = PrivateKey(name="log.example/orders", seed=bytes(range(2, 34)))
WITNESS = PrivateKey(name="witness.example/one", seed=bytes(range(1, 33)))
BODY: dict[str, object] = {
    "delivery": "d-0123456789abcdef",
    "counts": {"received": 10, "accepted": 8, "held": 1, "rejected": 1, "duplicate": 0},
    "acceptance": 0.8,
}
EVENT_TIME = "2026-03-01T12:00:00.000000Z"
INDEX = 5


class Evidence:
    """A log of 11 events with `archived` for one body in it, and what a receipt of it is made from."""

    def __init__(self, body: dict[str, object], *, leaf: dict[str, object] | None = None) -> None:
        self.body = body
        self.leaf = leaf or {"type": "archived", "at": EVENT_TIME, "receipt": digest(body)}
        leaves = [canonical({"type": "landed", "number": number}) for number in range(11)]
        leaves[INDEX] = canonical(self.leaf)
        self.size, written = append(0, lambda _: [], [leaf_hash(one) for one in leaves])
        self.nodes = {(node.level, node.position): node.hash for node in written}
        self.proof = inclusion_proof(INDEX, self.size, self.read)
        self.head = Checkpoint(origin=LOG.name, size=self.size, root=root(self.size, self.read))

    def read(self, ids: Sequence[NodeId]) -> list[bytes]:
        return [self.nodes[one] for one in ids]

    def receipt(self, *, key: PrivateKey = LOG, checkpoint_key: PrivateKey = LOG) -> bytes:
        note = sign_checkpoint(self.head, checkpoint_key).to_text()
        return make_receipt(self.body, leaf=self.leaf, index=INDEX, proof=self.proof, checkpoint=note, key=key)


EVIDENCE = Evidence(BODY)
RECEIPT = EVIDENCE.receipt()
Document = dict[str, Any]  # as JSON is


def edited(edit: Callable[[Document], object]) -> bytes:
    document = json.loads(RECEIPT)
    edit(document)
    return json.dumps(document).encode()


def test_a_receipt_proves_its_body_offline() -> None:
    verified = verify_receipt(RECEIPT, [LOG.public()])
    assert verified.body == BODY
    assert verified.leaf["receipt"] == digest(BODY)
    assert (verified.index, verified.checkpoint) == (INDEX, EVIDENCE.head)
    assert (verified.signer, verified.checkpoint_signers) == (LOG.public(), (LOG.public(),))


def test_the_same_facts_give_the_same_bytes() -> None:
    assert Evidence(dict(reversed(BODY.items()))).receipt() == RECEIPT
    assert canonical(json.loads(RECEIPT)) + b"\n" == RECEIPT


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
        st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53) + 1, 2**53 - 1),
        max_size=5,
    )
)
def test_every_json_body_survives_the_way_through_a_receipt(body: dict[str, object]) -> None:
    assert verify_receipt(Evidence(body).receipt(), [LOG.public()]).body == body


def test_layout_of_the_file_proves_nothing_and_changes_nothing() -> None:
    pretty = json.dumps(json.loads(RECEIPT), indent=4, ensure_ascii=True).encode()
    assert verify_receipt(pretty, [LOG.public()]) == verify_receipt(RECEIPT, [LOG.public()])


def test_known_witnesses_are_told() -> None:
    note = cosign(sign_checkpoint(EVIDENCE.head, LOG), WITNESS).to_text()
    document = edited(lambda doc: doc.update(checkpoint=note))
    assert verify_receipt(document, [LOG.public()]).checkpoint_signers == (LOG.public(),)
    both = verify_receipt(document, [LOG.public(), WITNESS.public()]).checkpoint_signers
    assert both == (LOG.public(), WITNESS.public())


def other_head(size: int, root_hash: bytes, key: PrivateKey = LOG) -> str:
    return sign_checkpoint(Checkpoint(origin=key.name, size=size, root=root_hash), key).to_text()


def forged_body(document: Document) -> None:
    document["body"]["delivery"] = "d-0"
    document["leaf"]["receipt"] = digest(document["body"])


def resigned_body(document: Document) -> None:
    document["body"]["delivery"] = "d-0"
    signature = LOG.sign(b"headgate-receipt-v1\n" + canonical(document["body"]))
    document["signature"]["value"] = encode_base64(signature)


def without_prefix(document: Document) -> None:
    document["signature"]["value"] = encode_base64(LOG.sign(canonical(document["body"])))


def reversed_proof(document: Document) -> None:
    document["proof"]["hashes"] = [encode_base64(value) for value in EVIDENCE.proof[::-1]]


F = EvidenceFault


@pytest.mark.parametrize(
    ("edit", "fault", "message"),
    [
        (lambda d: d["body"].update(acceptance=0.9), F.SIGNATURE_WRONG, "does not fit the body: .* changed after"),
        (forged_body, F.SIGNATURE_WRONG, "does not fit the body"),
        (without_prefix, F.SIGNATURE_WRONG, "does not fit the body"),
        (resigned_body, F.BODY_NOT_IN_LEAF, "the log does not say what this receipt says"),
        (lambda d: d["leaf"].pop("receipt"), F.BODY_NOT_IN_LEAF, "speaks of None"),
        (lambda d: d["leaf"].update(at="2026-03-02T12:00:00Z"), F.LEAF_NOT_IN_LOG, "does not lead from event 5"),
        (lambda d: d["proof"].update(index=4), F.LEAF_NOT_IN_LOG, "does not lead from event 4 .* 11 events"),
        (lambda d: d["proof"].update(index=11), F.LEAF_NOT_IN_LOG, "does not lead from event 11"),
        (lambda d: d["proof"].update(hashes=[]), F.LEAF_NOT_IN_LOG, "does not lead"),
        (reversed_proof, F.LEAF_NOT_IN_LOG, "does not lead"),
        (lambda d: d.update(checkpoint=other_head(11, bytes(32))), F.LEAF_NOT_IN_LOG, "does not contain this event"),
        (
            lambda d: d.update(checkpoint=d["checkpoint"].replace("\n11\n", "\n12\n")),
            F.SIGNATURE_WRONG,
            "does not fit the text",
        ),
        (lambda d: d.update(checkpoint=other_head(11, EVIDENCE.head.root, NEXT_LOG)), F.KEY_UNKNOWN, "No known key"),
        (lambda d: d.update(checkpoint="log\n"), F.NOTE_MALFORMED, "no signed note"),
        (lambda d: d["signature"].update(key="log.example/orders+00000000"), F.KEY_UNKNOWN, "none of the known keys"),
        (lambda d: d["signature"].update(value="AAAA"), F.SIGNATURE_WRONG, "does not fit"),
    ],
)
def test_each_forgery_has_its_own_answer(
    edit: Callable[[Document], object], fault: EvidenceFault, message: str
) -> None:
    with pytest.raises(ProofError, match=message) as caught:
        verify_receipt(edited(edit), [LOG.public()])
    assert caught.value.fault is fault


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[]", "the document is of type list"),
        (b"{}", "the receipt has the members"),
        (RECEIPT[:-2], "not JSON"),
        (RECEIPT + b"{}", "not JSON"),
        (RECEIPT.replace(b'"accepted":8', b'"accepted":8,"accepted":8'), "the member 'accepted' stands twice"),
        (RECEIPT.replace(b'"accepted":8', b'"accepted":NaN'), "NaN is no JSON number"),
        (RECEIPT.replace(b'"accepted":8', b'"accepted":1e999'), r"\$\.body\.counts\.accepted is inf"),
        (RECEIPT.replace(b'"accepted":8', b'"accepted":"\\ud800"'), "lone surrogate"),
        (RECEIPT.replace(b'"accepted":8', b'"accepted":' + b"[" * 100_000 + b"]" * 100_000), "nested too deeply"),
        (RECEIPT.replace(b'"accepted":8', b'"accepted":' + b"9" * 5000), "not JSON"),
        (edited(lambda d: d.update(more={})), "expected exactly"),
        (edited(lambda d: d.pop("leaf")), "expected exactly"),
        (edited(lambda d: d.update(body=[])), "body is of type list, no JSON object"),
        (edited(lambda d: d["proof"].update(index=-1)), "proof.index is -1"),
        (edited(lambda d: d["proof"].update(index=True)), "proof.index is True"),
        (edited(lambda d: d["proof"].update(index=5.0)), "proof.index is 5.0"),
        (edited(lambda d: d["proof"].update(hashes="x")), "proof.hashes is of type str"),
        (edited(lambda d: d["proof"].update(hashes=[3])), r"proof.hashes\[0\] is of type int"),
        (edited(lambda d: d["proof"].update(hashes=["AAAA"])), r"proof.hashes\[0\] has 3 bytes instead of 32"),
        (edited(lambda d: d["proof"].update(hashes=["A A="])), r"proof.hashes\[0\]: 'A A=' is not base64"),
        (edited(lambda d: d["proof"].update(more=1)), "proof has the members"),
        (edited(lambda d: d["signature"].update(value=None)), "signature.value is of type NoneType"),
        (edited(lambda d: d["signature"].pop("key")), "signature has the members"),
        (edited(lambda d: d.update(checkpoint=3)), "checkpoint is of type int"),
    ],
)
def test_what_is_no_receipt_is_told_where(document: bytes, message: str) -> None:
    with pytest.raises(ProofError, match=f"This is no receipt: .*{message}") as caught:
        verify_receipt(document, [LOG.public()])
    assert caught.value.fault is EvidenceFault.RECEIPT_MALFORMED


@given(st.integers(0, len(RECEIPT) - 2), st.integers(0, 7))
def test_any_changed_bit_is_seen(place: int, bit: int) -> None:
    changed = bytearray(RECEIPT)
    changed[place] ^= 1 << bit
    with pytest.raises(ProofError):
        verify_receipt(bytes(changed), [LOG.public()])


def test_after_a_rotation_old_receipts_verify_and_new_ones_need_the_new_key() -> None:
    end = datetime(2026, 6, 1, tzinfo=UTC)
    old, new = LOG.public(valid_until=end), NEXT_LOG.public(valid_from=end)
    assert verify_receipt(RECEIPT, [old, new]).signer == old
    signed_anew = EVIDENCE.receipt(key=NEXT_LOG, checkpoint_key=NEXT_LOG)
    assert verify_receipt(signed_anew, [old, new], now=end).signer == new
    with pytest.raises(ProofError, match="begins at 2026-06-01") as caught:
        verify_receipt(signed_anew, [old, new], now=datetime(2026, 5, 1, tzinfo=UTC))
    assert caught.value.fault is EvidenceFault.KEY_NOT_VALID


@pytest.mark.parametrize(
    ("key", "checkpoint_key", "what"), [(LOG, NEXT_LOG, "the receipt"), (NEXT_LOG, LOG, "the checkpoint")]
)
def test_a_key_that_ended_before_the_event_proves_nothing(
    key: PrivateKey, checkpoint_key: PrivateKey, what: str
) -> None:
    ended = LOG.public(valid_until=datetime(2026, 2, 1, tzinfo=UTC))
    document = EVIDENCE.receipt(key=key, checkpoint_key=checkpoint_key)
    with pytest.raises(ProofError, match=f"of {what} ended at 2026-02-01.*, before the event at 2026-03-01") as caught:
        verify_receipt(document, [ended, NEXT_LOG.public()])
    assert caught.value.fault is EvidenceFault.KEY_NOT_VALID


def test_an_event_without_time_needs_a_key_without_end() -> None:
    document = Evidence(BODY, leaf={"receipt": digest(BODY)}).receipt()
    assert verify_receipt(document, [LOG.public()]).body == BODY
    with pytest.raises(ProofError, match="nothing tells when the receipt was made"):
        verify_receipt(document, [LOG.public(valid_until=datetime(2027, 1, 1, tzinfo=UTC))])


@pytest.mark.parametrize("value", [17, "yesterday", "2026-03-01T12:00:00"])
def test_a_time_that_is_none_is_told(value: object) -> None:
    document = Evidence(BODY, leaf={"receipt": digest(BODY), "at": value}).receipt()
    with pytest.raises(ProofError, match=r"leaf\.at is .*no time with a time zone"):
        verify_receipt(document, [LOG.public()])


def test_a_witness_cannot_sign_a_receipt_of_the_log() -> None:
    document = EVIDENCE.receipt(key=WITNESS)
    with pytest.raises(ProofError, match="is no key of the log") as caught:
        verify_receipt(document, [LOG.public(), WITNESS.public()])
    assert caught.value.fault is EvidenceFault.ORIGIN_WRONG


def test_nothing_that_would_not_verify_is_made() -> None:
    other = Evidence({"delivery": "another"})
    note = sign_checkpoint(EVIDENCE.head, LOG).to_text()
    with pytest.raises(ProofError, match="speaks of"):
        make_receipt(BODY, leaf=other.leaf, index=INDEX, proof=EVIDENCE.proof, checkpoint=note, key=LOG)
    with pytest.raises(ProofError, match="does not lead"):
        make_receipt(BODY, leaf=EVIDENCE.leaf, index=INDEX, proof=other.proof[1:], checkpoint=note, key=LOG)
    with pytest.raises(CanonicalError, match=r"\$\.raw is bytes"):
        make_receipt({"raw": b""}, leaf=EVIDENCE.leaf, index=INDEX, proof=[], checkpoint=note, key=LOG)
