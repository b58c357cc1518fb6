"""The document that a receipt is: JSON of one exact shape, read so that nothing in it has two meanings.

```
{"body": {...},                                                    what is stated
 "checkpoint": "<signed note>",                                    the head of the log
 "leaf": {"at": "<time>", "receipt": "<SHA-256 of body>", ...},    the event `archived`
 "proof": {"hashes": ["<base64>", ...], "index": <number>},        the way from the leaf to the checkpoint's root
 "signature": {"key": "<name>+<key id>", "value": "<base64>"}}     over the body
```
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec

from headgate.core.base64_text import decode_base64, encode_base64
from headgate.core.canonical import MAX_INTEGER, CanonicalError, canonical
from headgate.core.evidence import EvidenceFault, ProofError
from headgate.core.tree_hash import HASH_BYTES


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt's parts: in shape, and not yet checked against each other."""

    body: Mapping[str, object]  # the statement
    leaf: Mapping[str, object]  # the event
    index: int  # of the event in the log, from 0
    proof: tuple[bytes, ...]  # 32 bytes each, lowest level first
    checkpoint: str  # a signed note
    key_label: str  # <name>+<key id>
    signature: bytes  # 64 bytes

    def to_bytes(self) -> bytes:
        """The file: canonical JSON and a newline."""
        document = {
            "body": dict(self.body),
            "checkpoint": self.checkpoint,
            "leaf": dict(self.leaf),
            "proof": {"hashes": [encode_base64(value) for value in self.proof], "index": self.index},
            "signature": {"key": self.key_label, "value": encode_base64(self.signature)},
        }
        return canonical(document) + b"\n"


def parse_receipt(document: bytes) -> Receipt:
    """The parts of a receipt file; ProofError if a member is missing, unknown, twice there or of another type."""
    members = _read_json(document)
    _check_members(members, "the receipt", ("body", "checkpoint", "leaf", "proof", "signature"))
    body, leaf = _mapping(members["body"], "body"), _mapping(members["leaf"], "leaf")
    proof, signature = _mapping(members["proof"], "proof"), _mapping(members["signature"], "signature")
    _check_members(proof, "proof", ("hashes", "index"))
    _check_members(signature, "signature", ("key", "value"))
    index, hashes = proof["index"], proof["hashes"]
    if not isinstance(index, int) or isinstance(index, bool) or index < 0:
        raise malformed_receipt(f"proof.index is {index!r}, no number of an event")
    if not isinstance(hashes, list):
        raise malformed_receipt(f"proof.hashes is of type {type(hashes).__name__}, no list")
    _check_canonical(members)
    return Receipt(
        body=body,
        leaf=leaf,
        index=index,
        proof=tuple(_hash(value, f"proof.hashes[{place}]") for place, value in enumerate(hashes)),
        checkpoint=_text(members["checkpoint"], "checkpoint"),
        key_label=_text(signature["key"], "signature.key"),
        signature=_bytes(signature["value"], "signature.value"),
    )


def _read_json(document: bytes) -> dict[str, object]:
    try:
        value = json.loads(
            document.decode("utf-8"),
            object_pairs_hook=_unique_members,
            parse_constant=_no_constant,
            parse_int=_integer,
        )
    except RecursionError as error:
        raise malformed_receipt("it is nested too deeply") from error
    except ValueError as error:
        raise malformed_receipt(f"it is not JSON: {error}") from error
    return _mapping(value, "the document")


def _unique_members(members: list[tuple[str, object]]) -> dict[str, object]:
    unique: dict[str, object] = {}
    for name, value in members:
        if name in unique:
            raise ValueError(f"the member {name!r} stands twice")
        unique[name] = value
    return unique


def _integer(digits: str) -> float:
    """As RFC 8785 reads numbers: a large float is written without exponent, and is the same float again when read."""
    value = int(digits)
    return value if abs(value) <= MAX_INTEGER else float(digits)


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")


def _check_canonical(members: Mapping[str, object]) -> None:
    try:
        canonical(members)
    except CanonicalError as error:
        raise malformed_receipt(str(error)) from error


def _check_members(value: Mapping[str, object], where: str, names: tuple[str, ...]) -> None:
    if set(value) != set(names):
        raise malformed_receipt(f"{where} has the members {sorted(value)}, expected exactly {list(names)}")


def _mapping(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise malformed_receipt(f"{where} is of type {type(value).__name__}, no JSON object")
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise malformed_receipt(f"{where} is of type {type(value).__name__}, no text")
    return value


def _bytes(value: object, where: str) -> bytes:
    try:
        return decode_base64(_text(value, where))
    except ValueError as error:
        raise malformed_receipt(f"{where}: {error}") from error


def _hash(value: object, where: str) -> bytes:
    decoded = _bytes(value, where)
    if len(decoded) != HASH_BYTES:
        raise malformed_receipt(f"{where} has {len(decoded)} bytes instead of {HASH_BYTES}")
    return decoded


def malformed_receipt(what: str) -> ProofError:
    """The error about a document that is no receipt."""
    return ProofError(EvidenceFault.RECEIPT_MALFORMED, f"This is no receipt: {what}.")
