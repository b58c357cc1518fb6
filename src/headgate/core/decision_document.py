"""What a decision is bound to, as one document: its SHA-256 is what votes name, its bytes lie in the vault.

It says which rows are meant, which rules are waived on which of them, and each proposed record in full. The origin's
SHA-256 fixes the records as they came, the contract's digest rules and schema, the parameters their versions, and
`shown` what stood in the quarantine. Of a change of rules it holds the contract and the values that shall be in force.
The ledger holds only the document's SHA-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from headgate.core.cases import Act
from headgate.core.errors import EvidenceError

Rows = npt.NDArray[np.int64]  # row numbers, rising
Ranges = tuple[tuple[int, int], ...]  # first and last of each stretch

SCHEMA = "headgate-decision/1"


class Waiver(msgspec.Struct, frozen=True, kw_only=True):
    """Rows on which the same hold rules were shown."""

    rules: tuple[tuple[str, str], ...]  # id and digest
    rows: Ranges


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay of a change of rules came to, without any value of a row."""

    digest: str  # SHA-256 over all that the replay shows
    sentence: str
    notes: tuple[str, ...]  # deliveries that would be held, or would not any more, as a whole
    cells: tuple[tuple[str, str, int], ...]  # verdict now, verdict then, rows
    deliveries: tuple[str, ...]  # that were replayed


class DecisionDocument(msgspec.Struct, frozen=True, kw_only=True):
    """All that somebody agrees to."""

    schema: str = SCHEMA
    project: str
    flow: str
    case: str
    delivery: str | None  # None: a change of rules
    delivery_sha256: str | None
    act: Act
    rows: Ranges  # none: the whole delivery
    waives: tuple[Waiver, ...] = ()
    records: Mapping[str, str] = {}  # row number -> the record as proposed, as JSON text
    contract: str
    parameters: Mapping[str, int]
    contract_text: str | None = None  # that shall be in force from then on
    based_on: str | None = None  # SHA-256 of the contract's file that it takes the place of
    values: Mapping[str, str] = {}  # of parameters, that shall be in force from then on; of a table its SHA-256
    words: tuple[str, ...] = ()  # what a change of rules changes
    outlook: Outlook | None = None  # what it would have come to, where that was asked
    shown: str  # SHA-256 over the rows as they stand in the quarantine, or over the values in force

    def encoded(self) -> bytes:
        """The bytes that are hashed and kept: JSON with sorted keys."""
        return msgspec.json.encode(self, order="sorted")


def document_digest(content: bytes) -> str:
    """What votes are bound to."""
    return hashlib.sha256(content).hexdigest()


def read_document(content: bytes, digest: str) -> DecisionDocument:
    """The document; EvidenceError where these are not the bytes that were agreed on."""
    if document_digest(content) != digest:
        raise EvidenceError(
            f"the document of decision {digest[:12]} was changed in the vault: nobody agreed to what it says now. "
            "Nothing was done. Next: put the file back from a backup, or propose again."
        )
    return msgspec.json.decode(content, type=DecisionDocument)


def as_ranges(rows: Rows | Sequence[int]) -> Ranges:
    """Rising row numbers as stretches.

    >>> as_ranges([1, 2, 3, 7, 9, 10])
    ((1, 3), (7, 7), (9, 10))
    """
    numbers = np.asarray(rows, dtype=np.int64)
    if not len(numbers):
        return ()
    breaks = np.flatnonzero(np.diff(numbers) != 1)
    firsts = numbers[np.concatenate(([0], breaks + 1))]
    lasts = numbers[np.concatenate((breaks, [len(numbers) - 1]))]
    return tuple(zip(firsts.tolist(), lasts.tolist(), strict=True))


def as_rows(ranges: Iterable[tuple[int, int]]) -> Rows:
    """The row numbers of stretches.

    >>> as_rows([(1, 3), (7, 7)]).tolist()
    [1, 2, 3, 7]
    """
    pairs = np.asarray(list(ranges), dtype=np.int64).reshape(-1, 2)
    counts = pairs[:, 1] - pairs[:, 0] + 1
    starts = np.repeat(pairs[:, 0] - np.concatenate(([0], np.cumsum(counts)[:-1])), counts)
    return starts + np.arange(int(counts.sum()), dtype=np.int64)


def count_rows(ranges: Ranges) -> int:
    """How many rows stretches hold."""
    return sum(last - first + 1 for first, last in ranges)
