"""One document of sales: its name, its wrapper, its records portion by portion, and what is wrong with the file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from headgate.core.reasons import Verdict
from headgate.generate.answers import Answer, FileEntry
from headgate.generate.damage import Damage, Sink
from headgate.generate.defects import EXPECTED_FILE, FileDefect
from headgate.generate.draws import Ints
from headgate.generate.sales_rows import SalesRows
from headgate.generate.seasons import time_text

CHUNK_RECORDS = 50_000
"""Records made at a time. More need more memory (about 4 KB each) and gain nothing; the bytes are the same."""

_BETWEEN = b",\n"


class SalesDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One file to be written."""

    name: str
    first: int  # first row
    after: int  # row after the last
    generated_at: int  # second since 1970
    damage: Damage | None

    @property
    def records(self) -> int:
        """Records that it is generated from."""
        return self.after - self.first


def make_documents(time: Ints, edges: Ints, damages: Sequence[Damage | None]) -> tuple[SalesDocument, ...]:
    """One document a stretch of rows, named after the second that follows its last order; no two names are equal."""
    documents: list[SalesDocument] = []
    for place, damage in enumerate(damages):
        first, after = int(edges[place]), int(edges[place + 1])
        made = int(time[first:after].max()) + 1
        if documents:
            made = max(made, documents[-1].generated_at + 1)
        name = datetime.fromtimestamp(made, UTC).strftime("sales_batch_%Y%m%d_%H%M%S.json")
        documents.append(SalesDocument(name=name, first=first, after=after, generated_at=made, damage=damage))
    return tuple(documents)


def write_document(
    document: SalesDocument,
    rows: SalesRows,
    *,
    path: Path,
    progress: Callable[[int], None],
    chunk_records: int = CHUNK_RECORDS,
) -> tuple[FileEntry, list[Answer]]:
    """Write a document; give its entry in the answer key and the answers for its defects.

    `progress` gets the number of records done since it was called last.
    """
    answers: list[Answer] = []
    damage = document.damage
    with Sink(path, damage) as sink:
        if damage is None or damage.kind is not FileDefect.EMPTY:
            sink.write(_opening(document))
            for low in range(document.first, document.after, chunk_records):
                after = min(low + chunk_records, document.after)
                texts, found = rows.make(low, after)
                answers += found
                sink.write(_BETWEEN if low > document.first else b"")
                _write_records(sink, texts, damage, place=document.first + damage.record - 1 - low if damage else -1)
                progress(after - low)
            sink.write(b"\n]}\n")
        else:
            progress(document.records)
    if damage is not None:
        answers.append(_file_answer(document, damage, sink))
    entry = FileEntry(name=document.name, records=document.records, size_bytes=sink.size_bytes)
    return entry, answers


def _opening(document: SalesDocument) -> bytes:
    time = time_text(document.generated_at)
    batch = "batch-" + time[:19].replace("-", "").replace(":", "").replace("T", "-")
    return (
        f'{{"batch_id":"{batch}","generated_at":"{time}","transaction_count":{document.records},"transactions":[\n'
    ).encode()


def _write_records(sink: Sink, texts: pa.StringArray, damage: Damage | None, *, place: int) -> None:
    """Write a portion; damage inside it strikes at the record `place`, counted from 0 in the portion."""
    if damage is None or not 0 <= place < len(texts) or damage.kind is FileDefect.WRONG_ENCODING:
        sink.write(_joined(texts))
        return
    sink.write(_joined(texts.slice(0, place)))
    sink.write(_BETWEEN if place else b"")
    record: bytes = texts[place].as_py().encode()
    if damage.kind is FileDefect.CUT_OFF:
        sink.write(record[: len(record) // 2])
        sink.end()
        return
    sink.strike(damage.garbage)
    sink.write(_BETWEEN + _joined(texts.slice(place)))


def _joined(texts: pa.StringArray) -> bytes:
    whole = pa.ListArray.from_arrays(pa.array([0, len(texts)], pa.int32()), texts)
    text: str = pc.binary_join(whole, _BETWEEN.decode())[0].as_py()
    return text.encode()


def _file_answer(document: SalesDocument, damage: Damage, sink: Sink) -> Answer:
    return Answer(
        file=document.name,
        record=None,
        transaction_id=None,
        kind=damage.kind,
        code=EXPECTED_FILE[damage.kind],
        column=None,
        verdict=Verdict.REJECTED if damage.kind is FileDefect.EMPTY else Verdict.HELD,
        decided_by="rule",
        position=sink.struck_at if sink.struck_at is not None else sink.size_bytes,
        encoding=damage.encoding if damage.kind is FileDefect.WRONG_ENCODING else None,
    )
