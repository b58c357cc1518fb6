"""The answer key: what was injected where, and what a checker must say of it. One JSON object a line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from headgate.core.reasons import Verdict
from headgate.generate.defects import EXPECTED, Defect, verdict_of

ANSWERS_NAME = "answers.jsonl"
VERSION = 1
"""Of the generator: raised when equal options give other bytes than before."""


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One injected defect. What has a default is left out where it does not apply."""

    file: str
    record: int | None  # from 1 in the file; null for a defect of the whole file
    transaction_id: str | None  # as it is written in the record
    kind: str
    code: str  # reason code, or the name of the anomaly
    column: str | None  # where it was injected, elements counted from 0: items[2].quantity
    verdict: Verdict
    decided_by: Literal["rule", "statistics"]
    model: tuple[str, int] | None = None  # file and record that is repeated or whose id is taken
    group: int | None = None  # number of the incident that several rows make together
    position: int | None = None  # byte at which a defect of the file begins
    encoding: str | None = None  # that the file is written in instead of UTF-8


class FileEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the run."""

    name: str
    records: int  # that were generated for it; a damaged file may hold fewer
    size_bytes: int


class AnswerHeader(msgspec.Struct, frozen=True, kw_only=True):
    """The first line: what the run was asked for, and what came out."""

    version: int
    seed: int
    end: str
    count: int
    options: dict[str, Any]
    files: tuple[FileEntry, ...] = ()
    injected: dict[str, int] = {}

    def same_request(self, other: AnswerHeader) -> bool:
        """True where both runs make the same bytes."""
        return (self.version, self.seed, self.end, self.count, self.options) == (
            other.version,
            other.seed,
            other.end,
            other.count,
            other.options,
        )


def row_answer(
    kind: Defect,
    *,
    place: tuple[str, int],
    transaction_id: str | None,
    column: str,
    model: tuple[str, int] | None = None,
    group: int | None = None,
) -> Answer:
    """The line of one row (file, and record from 1), with what is expected of its kind."""
    expected = EXPECTED[kind]
    return Answer(
        file=place[0],
        record=place[1],
        transaction_id=transaction_id,
        kind=kind,
        code=expected.code,
        column=column,
        verdict=verdict_of(kind, column),
        decided_by=expected.decided_by,
        model=model,
        group=group,
    )


def answer_key(header: AnswerHeader, answers: Iterable[Answer]) -> bytes:
    """The file `answers.jsonl`: the header, then a line a defect in the order of files and records."""
    encoder = msgspec.json.Encoder()
    return b"".join(encoder.encode(line) + b"\n" for line in (header, *answers))


def read_header(line: bytes) -> AnswerHeader | None:
    """The first line of an answer key; None for anything else."""
    try:
        return msgspec.json.decode(line, type=AnswerHeader)
    except msgspec.DecodeError:
        return None
