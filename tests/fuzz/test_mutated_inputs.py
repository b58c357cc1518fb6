"""Damaged files: nothing raises or hangs, and each byte is in exactly one of wrapper, record and fault.

Run by hand with `python -m tests.fuzz.test_mutated_inputs 10000 [SEED]`.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import sys
import time
import zipfile
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.harness.mutations import DAMAGES, Damage

from headgate.check.faults import Fault
from headgate.check.records import Reading, read_records
from headgate.core.errors import UnreadableError
from headgate.core.forms import HEAD_BYTES, Compression, Form, Format
from headgate.core.reasons import ReasonCode
from headgate.land.recognise import recognise

CASES_IN_CI = 1_500
SLOWEST_S = 2.0  # for inputs of some ten thousand bytes, on a busy machine
UNPACKED_LIMIT = 4 << 20
NEIGHBOURS_LOST = 3  # records beside a damage that may go with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """An input before it is damaged."""

    name: str
    data: bytes
    form: Form
    path: str | None = None
    records: tuple[bytes, ...] = ()  # raw texts, for plain documents

    @property
    def placed(self) -> bool:
        """True where records lie in the input's own bytes, as UTF-8."""
        return self.form == Form(format=self.form.format) and self.form.format is not Format.PARQUET


def _record(number: int) -> dict[str, object]:
    items = [{"sku": f"S{item}", "quantity": item, "note": 'a "quoted" ]}, text'} for item in range(number % 4)]
    return {
        "id": f"R{number:04d}",
        "name": "Zoë Größe",
        "items": items,
        "total": number * 1.25,
        "gift": number % 2 == 0,
    }


def _sound_inputs() -> list[Sound]:
    records = [_record(number) for number in range(60)]
    texts = tuple(json.dumps(record, ensure_ascii=False).encode() for record in records)
    joined = b", ".join(texts)
    document = b'{"batch": "b1", "count": 60, "rows": [' + joined + b'], "end": {"rows": 1}}'
    pretty = json.dumps({"batch": 1, "rows": records}, indent=2).encode()
    array = b"[" + b",\n".join(texts) + b"]\n"
    lines = b"\n".join(texts) + b"\n"
    csv = "id;name;note\r\n" + "".join(f'{n};Zoë {n};"one ""two"" {n}"\r\n' for n in range(60))
    plain_csv = "id,name,amount\n" + "".join(f"{n},Zoë {n},{n}.50\n" for n in range(60))
    table = pa.Table.from_pylist(records[1:])
    parquet = io.BytesIO()
    pq.write_table(table, parquet, row_group_size=20)
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", plain_csv)
        archive.writestr("b.csv", plain_csv)
    doc, utf16 = Format.JSON_DOCUMENT, Form(format=Format.JSON_DOCUMENT, encoding="utf-16-le")
    return [
        Sound(name="document", data=document, form=Form(format=doc), path="rows", records=texts),
        Sound(name="pretty", data=pretty, form=Form(format=doc), path="rows"),
        Sound(name="array", data=array, form=Form(format=Format.JSON_ARRAY), records=texts),
        Sound(name="lines", data=lines, form=Form(format=Format.NDJSON), records=texts),
        Sound(name="single", data=texts[3], form=Form(format=doc)),
        Sound(name="csv", data=csv.encode(), form=Form(format=Format.CSV)),
        Sound(name="plain_csv", data=plain_csv.encode(), form=Form(format=Format.CSV)),
        Sound(name="latin_csv", data=csv.encode("cp1252"), form=Form(format=Format.CSV, encoding="windows-1252")),
        Sound(name="utf16", data=document.decode().encode("utf-16-le"), form=utf16, path="rows"),
        Sound(name="parquet", data=parquet.getvalue(), form=Form(format=Format.PARQUET)),
        _packed("gzip", gzip.compress(document, mtime=0), Compression.GZIP),
        _packed("zstd", pa.compress(document, codec="zstd", asbytes=True), Compression.ZSTD),
        Sound(name="zip", data=zipped.getvalue(), form=Form(format=Format.CSV, compression=Compression.ZIP)),
    ]


def _packed(name: str, data: bytes, compression: Compression) -> Sound:
    return Sound(name=name, data=data, form=Form(format=Format.JSON_DOCUMENT, compression=compression), path="rows")


INPUTS = _sound_inputs()
CODES = frozenset(ReasonCode)


def _check(sound: Sound, damage: Damage) -> str:
    """Read the damaged input; gives how it ended."""
    data = damage.applied(sound.data)
    faults: list[Fault] = []
    began = time.perf_counter()
    try:
        recognise(data[:HEAD_BYTES], sound.name, len(data))
        reading = read_records(
            io.BytesIO(data),
            sound.form,
            path=sound.path,
            on_fault=faults.append,
            window_bytes=1 << 10,
            max_record_bytes=1 << 14,
            max_unpacked_bytes=UNPACKED_LIMIT,
        )
        batches = list(reading.batches())
    except UnreadableError as error:
        return "unreadable" if error.code in CODES and str(error) else "unexplained"
    finally:
        assert time.perf_counter() - began < SLOWEST_S
    _assert_conserved(reading, batches, faults, data if sound.placed else None)
    if sound.records:
        _assert_others_survive(sound, damage, batches, faults)
    return "faulty" if faults else "read"


def _assert_conserved(
    reading: Reading, batches: list[pa.RecordBatch], faults: list[Fault], plain: bytes | None
) -> None:
    summary = reading.summary
    assert summary.wrapper_bytes + summary.record_bytes + summary.fault_bytes == summary.total_bytes
    rows = [row for batch in batches for row in batch.column("row").to_pylist()]
    assert sorted([*rows, *(fault.row for fault in faults)]) == list(range(1, summary.records + summary.faults + 1))
    for batch in batches:
        batch.validate(full=True)
        assert batch.schema == reading.schema
    if plain is None:
        return
    assert summary.total_bytes == len(plain)
    spans = [(fault.row, fault.offset, fault.length) for fault in faults]
    for batch in batches:
        for row, offset, length, raw in zip(*(batch.column(name).to_pylist() for name in _PLACED), strict=True):
            assert raw.encode() == plain[offset : offset + length]
            spans.append((row, offset, length))
    spans.sort()
    for (_, offset, length), (_, following, _) in pairwise(spans):
        assert offset + length <= following
    between = bytearray(plain)
    for _, offset, length in reversed(spans):
        del between[offset : offset + length]
    assert len(between) == summary.wrapper_bytes


_PLACED = ("row", "offset", "length", "raw")


def _assert_others_survive(sound: Sound, damage: Damage, batches: list[pa.RecordBatch], faults: list[Fault]) -> None:
    """Records that the damage does not touch are there, but for a few beside it.

    Where the damage took brackets or quotes away, the records behind it may have become part of the one before it,
    which is then a record itself, or whole but not fit to be one.
    """
    texts = [raw for batch in batches for raw in batch.column("raw").to_pylist()]
    read = set(texts)
    longest = max(map(len, sound.records))
    swallowing = [raw for raw in texts if raw.encode() not in sound.records and len(raw) > longest]
    data = damage.applied(sound.data).decode("utf-8", "replace")
    if any(fault.message.startswith("The record at") and fault.length > longest for fault in faults):
        swallowing.append(data)
    lost = 0
    at = 0
    for text in sound.records:
        start = sound.data.index(text, at)
        at = start + len(text)
        if at <= damage.start or start >= damage.end:
            lost += text.decode() not in read and not any(text.decode() in raw for raw in swallowing)
    assert lost <= NEIGHBOURS_LOST, (
        f"{lost} untouched records are lost in {sound.name}: {damage.start}, {damage.end}, {damage.put[:99]!r}"
    )


def _run(seed: int) -> tuple[str, str]:
    chance = random.Random(seed)  # noqa: S311 - seeded on purpose
    sound = INPUTS[seed % len(INPUTS)]
    kind = chance.choice(sorted(DAMAGES))
    return f"{sound.name}, {kind}", _check(sound, DAMAGES[kind](chance, sound.data))


@pytest.mark.parametrize("sound", INPUTS, ids=lambda sound: sound.name)
def test_sound_inputs_have_no_fault(sound: Sound) -> None:
    assert _check(sound, Damage(0, 0, b"")) == "read"


@pytest.mark.parametrize("part", range(10))
def test_damaged_inputs_are_conserved(part: int) -> None:
    endings = Counter(_run(seed)[1] for seed in range(part, CASES_IN_CI, 10))
    assert set(endings) == {"read", "faulty", "unreadable"}


if __name__ == "__main__":
    count, first = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    seen: Counter[str] = Counter()
    slowest = 0.0
    for seed in range(first, first + count):
        started = time.perf_counter()
        try:
            seen[_run(seed)[1]] += 1
        except BaseException:
            sys.stderr.write(f"seed {seed}\n")
            raise
        slowest = max(slowest, time.perf_counter() - started)
    sys.stdout.write(f"{count} inputs: {dict(seen)}, slowest {slowest:.3f} s\n")
