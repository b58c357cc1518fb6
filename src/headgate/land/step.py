"""First step: prove the bytes and keep them. Nothing is parsed before it lies in the vault."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

import msgspec

from headgate.core.batches import Arrived, Copied
from headgate.core.flow import Flow
from headgate.core.forms import HEAD_BYTES, Format
from headgate.core.naming import as_text
from headgate.core.observed import observed
from headgate.core.parameters import vault_name
from headgate.core.platform import Platform, Progress
from headgate.core.records import Arrival, Delivery
from headgate.land.copying import IN_MEMORY_BYTES, copy_aside
from headgate.land.recognise import recognise


class _ChangedError(Exception):
    """The file changed while it was read."""


class _Proven(msgspec.Struct, frozen=True, kw_only=True):
    arrival: Arrival
    content: bytes | None  # of a small file that is not yet in the vault


@observed("land")
def land(files: Sequence[Arrived], platform: Platform, run: str) -> list[Delivery]:
    """Hash each file, recognise it, put it into the vault, register it; deliveries in the order given.

    A file that changes while it is read is left out: it is not finished, and comes again.
    """
    proven: list[_Proven] = []
    done, total = 0, sum(file.size_bytes for file in files)
    for file in files:
        try:
            proven.append(_prove(file, platform))
        except _ChangedError:
            continue
        done += file.size_bytes
        platform.progress(Progress(step="land", done=done, total=total))
    small = [(vault_name(one.arrival.sha256), [one.content]) for one in proven if one.content is not None]
    platform.vault.put_all(small)
    return platform.ledger.register([one.arrival for one in proven], run=run, at=platform.clock())


def flow_for(name: str, flows: Sequence[Flow]) -> list[Flow]:
    """Flows that take a file of this name; packed files go by the name inside the packing too."""
    bare = name
    for ending in (".gz", ".zst", ".zip"):
        bare = bare.removesuffix(ending)
    return [
        flow
        for flow in flows
        if any(fnmatchcase(name, pattern) or fnmatchcase(bare, pattern) for pattern in flow.source.files)
    ]


def _prove(file: Arrived, platform: Platform) -> _Proven:
    before = Path(file.path).stat()
    seen = (before.st_size, before.st_mtime_ns)
    if before.st_size <= IN_MEMORY_BYTES:
        content = Path(file.path).read_bytes()
        head, sha256, size = content[:HEAD_BYTES], hashlib.sha256(content).hexdigest(), len(content)
    else:
        content = None
        copied = _copy(file, platform)
        seen, head, sha256, size = copied.seen, copied.head, copied.sha256, copied.size_bytes
    after = Path(file.path).stat()
    if seen != (after.st_size, after.st_mtime_ns) or size != after.st_size:
        raise _ChangedError
    return _Proven(arrival=_arrival(file, head, sha256, size, platform), content=content)


def _copy(file: Arrived, platform: Platform) -> Copied:
    """A big file's copy, moved into the vault under its hash."""
    copied = file.copied() if file.copied is not None else None
    if copied is None or not Path(copied.aside).exists():  # landing is tried again, and the copy was taken
        copied = copy_aside(file.path, platform.stage, partial(_tell, platform))
    try:
        platform.vault.adopt(vault_name(copied.sha256), copied.aside)
    except BaseException:
        Path(copied.aside).unlink(missing_ok=True)  # adopted files are gone
        raise
    return copied


def _tell(platform: Platform, done: int) -> None:
    platform.progress(Progress(step="land", done=done, total=None))


def _arrival(file: Arrived, head: bytes, sha256: str, size: int, platform: Platform) -> Arrival:
    name = as_text(file.name)
    form = recognise(head, name, size)
    flow = _flow_of(file, platform)
    refused = None
    if form.reason:
        refused = (form.reason, _SENTENCES.get(form.reason, f"the file cannot be read: {form.reason}"))
    shape = {"format": form.format.value, "compression": form.compression.value, "encoding": form.encoding}
    return Arrival(
        flow=flow,
        name=name,
        origin=as_text(file.path),
        sender=file.sender,
        sha256=sha256,
        size_bytes=size,
        form=shape if form.format is not Format.UNKNOWN else {"format": form.format.value},
        refused=refused if flow is not None else None,
        as_new=file.again,
        facts=file.facts,
    )


_SENTENCES = {
    "empty_file": "the file has no byte but white space; nothing to take",
    "unknown_format": "the bytes are no JSON, NDJSON, CSV or Parquet, packed or not",
}


def _flow_of(file: Arrived, platform: Platform) -> str | None:
    """The flow that the caller names, else the only one whose patterns fit."""
    if file.flow is not None:
        return file.flow
    found = flow_for(file.name, list(platform.flows.values()))
    return found[0].name if len(found) == 1 else None
