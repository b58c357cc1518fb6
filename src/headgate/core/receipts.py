"""Receipts: what we say of a delivery, signed, with the proof that the log says it too. Checked offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from headgate.core.canonical import canonical, digest
from headgate.core.checkpoints import Checkpoint, OpenedCheckpoint, open_checkpoint, parse_checkpoint
from headgate.core.evidence import EvidenceFault, ProofError
from headgate.core.merkle_proofs import verify_inclusion
from headgate.core.notes import parse_note
from headgate.core.receipt_format import Receipt, malformed_receipt, parse_receipt
from headgate.core.signing_keys import PublicKey, Signer, check_key_valid
from headgate.core.tree_hash import leaf_hash

SIGNED_PREFIX = b"headgate-receipt-v1\n"
"""Stands before the canonical body, so that no signature of a receipt is ever one of a note."""

BODY_DIGEST = "receipt"
"""The member of the leaf with the SHA-256 of the canonical body."""

LEAF_TIME = "at"
"""The member of the leaf with the time of the event, RFC 3339; needed where keys have an end."""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What a receipt proves, once everything in it was checked."""

    body: Mapping[str, object]  # the statement
    leaf: Mapping[str, object]  # the event in the log
    index: int  # of the event, from 0
    checkpoint: Checkpoint  # the head that contains it
    signer: PublicKey  # of the receipt
    checkpoint_signers: tuple[PublicKey, ...]  # the log's key, then known witnesses


def make_receipt(
    body: Mapping[str, object],
    *,
    leaf: Mapping[str, object],
    index: int,
    proof: Sequence[bytes],
    checkpoint: str,
    key: Signer,
) -> bytes:
    """The receipt file: canonical JSON and a newline, the same bytes for the same arguments.

    `proof` is the inclusion proof of the leaf in the tree of `checkpoint`, a signed note. CanonicalError for a body or
    leaf that has no canonical JSON. ProofError if body, leaf, proof and checkpoint do not fit together.
    """
    receipt = Receipt(
        body=body,
        leaf=leaf,
        index=index,
        proof=tuple(proof),
        checkpoint=checkpoint,
        key_label=key.public().label,
        signature=key.sign(SIGNED_PREFIX + canonical(dict(body))),
    )
    # The checkpoint may be signed by the key before this one, so its signature is the verifier's business.
    _check_body(receipt)
    _check_inclusion(receipt, parse_checkpoint(parse_note(checkpoint).text))
    written = receipt.to_bytes()
    parse_receipt(written)
    return written


def verify_receipt(document: bytes, public_keys: Sequence[PublicKey], *, now: datetime | None = None) -> Verified:
    """What the receipt proves, all of it checked with nothing but the document and the keys.

    ProofError, with a code and a message of its own for each, if it is no receipt, its signature does not fit, the leaf
    speaks of another body, the leaf is not in the tree of the checkpoint, the checkpoint is not signed by its log, or a
    key had ended when the event was written (see `check_key_valid`; `now` also refuses keys that begin later).
    """
    receipt = parse_receipt(document)
    signer = _check_signature(receipt, public_keys)
    _check_body(receipt)
    opened = open_checkpoint(receipt.checkpoint, public_keys)
    _check_inclusion(receipt, opened.checkpoint)
    _check_keys(receipt, signer, opened, now)
    return Verified(
        body=receipt.body,
        leaf=receipt.leaf,
        index=receipt.index,
        checkpoint=opened.checkpoint,
        signer=signer,
        checkpoint_signers=opened.signers,
    )


def _check_signature(receipt: Receipt, keys: Sequence[PublicKey]) -> PublicKey:
    key = next((key for key in keys if key.label == receipt.key_label), None)
    if key is None:
        message = (
            f"The receipt is signed by {receipt.key_label!r}, which is none of the known keys; give its verifier key."
        )
        raise ProofError(EvidenceFault.KEY_UNKNOWN, message)
    if not key.verifies(SIGNED_PREFIX + canonical(dict(receipt.body)), receipt.signature):
        message = f"The signature of {key.label} does not fit the body: the receipt was changed after it was signed."
        raise ProofError(EvidenceFault.SIGNATURE_WRONG, message)
    return key


def _check_body(receipt: Receipt) -> None:
    stated, logged = digest(dict(receipt.body)), receipt.leaf.get(BODY_DIGEST)
    if stated != logged:
        message = (
            f"The body has SHA-256 {stated}, but the event in the log speaks of {logged!r}: "
            "the log does not say what this receipt says."
        )
        raise ProofError(EvidenceFault.BODY_NOT_IN_LEAF, message)


def _check_inclusion(receipt: Receipt, checkpoint: Checkpoint) -> None:
    leaf = leaf_hash(canonical(dict(receipt.leaf)))
    size, index = checkpoint.size, receipt.index
    if not verify_inclusion(leaf, index=index, size=size, proof=receipt.proof, root=checkpoint.root):
        message = (
            f"The proof does not lead from event {index} to the root of the checkpoint of {size} events: "
            "the log that was signed does not contain this event there."
        )
        raise ProofError(EvidenceFault.LEAF_NOT_IN_LOG, message)


def _check_keys(receipt: Receipt, signer: PublicKey, opened: OpenedCheckpoint, now: datetime | None) -> None:
    if signer.name != opened.checkpoint.origin:
        message = f"The receipt is signed by {signer.label}, which is no key of the log {opened.checkpoint.origin!r}."
        raise ProofError(EvidenceFault.ORIGIN_WRONG, message)
    event_time = _event_time(receipt.leaf)
    check_key_valid(signer, statement_at=event_time, now=now, what="the receipt")
    check_key_valid(opened.log_key, statement_at=event_time, now=now, what="the checkpoint")


def _event_time(leaf: Mapping[str, object]) -> datetime | None:
    value = leaf.get(LEAF_TIME)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise malformed_receipt(f"leaf.{LEAF_TIME} is {value!r}, no time with a time zone")
    return moment
