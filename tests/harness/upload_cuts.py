"""Sends one file while connections are cut and the server is killed, and compares what comes out with what went in.

`python -m tests.harness.upload_cuts --size-mib 2048 --cuts 200 --kills 10 --seed 1` cuts and kills at random bytes, in
the middle of a chunk or between its last byte and the answer. It says how many bytes were sent again, whether the
SHA-256 is the same and the file was taken once, and how much memory the server had at most.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from random import Random
from typing import Literal

import msgspec
from tests.harness.tus_sender import BYTES, Sender, checksum, metadata
from tests.harness.upload_server import UploadServer

MEBIBYTE = 1 << 20
PIECE_BYTES = 64 << 10
MOST_SERVER_BYTES = 200 * MEBIBYTE
AFTER_THE_LAST_BYTE = 0.15  # of the cuts and kills: when the server is at syncing, proving, answering
MOST_TRIES = 100  # of one chunk

Kind = Literal["cut", "kill"]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Where a connection is cut, or the server is killed."""

    at_byte: int
    kind: Kind
    rough: bool  # a reset, not a farewell
    after_s: float | None  # so long after the chunk's last byte; None: at the byte


class Outcome(msgspec.Struct, kw_only=True):
    """What a run came to."""

    size_bytes: int
    chunk_bytes: int
    faults: int  # that were planned
    cuts: int = 0
    kills: int = 0
    sent_bytes: int = 0  # of bodies, as the kernel took them
    again: list[int] = []  # for each cut or kill, bytes that had to be sent again
    refused: int = 0  # answers of 409, 423 and 5xx
    same: bool = False
    taken: int = 0
    peak_bytes: int = 0
    seconds: float = 0.0

    def problems(self) -> list[str]:
        """What did not hold."""
        found = {
            "not every fault was met": self.cuts + self.kills != self.faults,
            "the bytes that were taken are others": not self.same,
            f"the file was taken {self.taken} times": self.taken != 1,
            "more than a chunk was sent again after a cut": max(self.again, default=0) > self.chunk_bytes,
            "more was sent than the file and a chunk for each cut": self.sent_bytes
            > self.size_bytes + self.chunk_bytes * (self.cuts + self.kills),
            "the server had too much memory": self.peak_bytes >= MOST_SERVER_BYTES,
        }
        return [problem for problem, is_so in found.items() if is_so]

    def text(self) -> str:
        """The figures, and what did not hold."""
        again = sorted(self.again)
        beyond = self.sent_bytes - self.size_bytes
        lines = [
            f"{self.cuts} cuts, {self.kills} kills, {self.refused} refused answers, {self.seconds:.1f} s",
            f"bytes sent again for each cut or kill: {' '.join(map(str, again))}",
            f"at most {max(again, default=0)}, a chunk has {self.chunk_bytes}; {beyond} sent beyond {self.size_bytes}",
            f"same SHA-256: {self.same}; taken {self.taken} time(s)",
            f"peak memory of the server: {self.peak_bytes / MEBIBYTE:.1f} MiB",
            *(f"NOT SO: {problem}" for problem in self.problems()),
        ]
        return "\n".join(lines) + "\n"


def make_file(path: Path, size_bytes: int, seed: int) -> str:
    """Write a file of random bytes; its SHA-256."""
    chance = Random(seed)  # noqa: S311  repeatable on purpose
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for at in range(0, size_bytes, MEBIBYTE):
            piece = chance.randbytes(min(MEBIBYTE, size_bytes - at))
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def plan(size_bytes: int, chunk_bytes: int, cuts: int, kills: int, seed: int) -> list[Fault]:
    """Faults at random bytes, in order."""
    chance = Random(f"faults {seed}")  # noqa: S311  repeatable on purpose
    cut: Kind = "cut"
    kill: Kind = "kill"
    kinds = [cut] * cuts + [kill] * kills
    chance.shuffle(kinds)
    places = sorted(chance.sample(range(size_bytes), len(kinds)))
    late = [chance.random() * 0.06 if chance.random() < AFTER_THE_LAST_BYTE else None for _ in kinds]
    last_chunk = size_bytes - chunk_bytes  # a fault after its last byte would leave none for the others in it
    return [
        Fault(
            at_byte=place,
            kind=kind,
            rough=chance.random() < 0.5,
            after_s=None if last_chunk <= place < places[-1] else after_s,
        )
        for place, kind, after_s in zip(places, kinds, late, strict=True)
    ]


class Run:
    """One file on its way to one server."""

    def __init__(self, server: UploadServer, path: Path, outcome: Outcome, *, checked: bool) -> None:
        self.server = server
        self.outcome = outcome
        self._path = path
        self._checked = checked
        self._highest = 0  # the byte up to which something was sent
        self._connection: HTTPConnection | None = None

    def send(self, address: str, faults: list[Fault]) -> None:
        """Send the whole file, whatever happens."""
        rest = list(faults)
        with Sender(self.server.url) as sender, self._path.open("rb") as file:
            for _ in range(MOST_TRIES * (self.outcome.size_bytes // self.outcome.chunk_bytes + 1)):
                offset_bytes = sender.offset(address)
                if offset_bytes == self.outcome.size_bytes:
                    self._drop()
                    return
                self._send_from(address, offset_bytes, file.fileno(), rest, sender)
        raise RuntimeError("The file does not come to its end.")

    def _send_from(self, address: str, offset_bytes: int, file: int, rest: list[Fault], sender: Sender) -> None:
        """Send chunk after chunk until a fault."""
        while offset_bytes < self.outcome.size_bytes:
            content = os.pread(file, self.outcome.chunk_bytes, offset_bytes)
            fault = rest.pop(0) if rest and rest[0].at_byte < offset_bytes + len(content) else None
            status = self._patch(address, offset_bytes, content, fault)
            if fault is not None:
                self._after(fault, sender.offset(address))
                return
            if status != 204:
                self.outcome.refused += 1
                return
            offset_bytes += len(content)

    def _after(self, fault: Fault, offset_bytes: int) -> None:
        if fault.kind == "cut":
            self.outcome.cuts += 1
        else:
            self.outcome.kills += 1
        self.outcome.again.append(max(0, self._highest - offset_bytes))

    def _patch(self, address: str, offset_bytes: int, content: bytes, fault: Fault | None) -> int:
        """Send a chunk, and meet a fault on the way; the status, 0 where no answer came."""
        connection = self._connect()
        path = "/" + address.split("/", 3)[3]
        headers = {"Tus-Resumable": "1.0.0", "Authorization": "Bearer ann", **BYTES}
        headers |= {"Upload-Offset": str(offset_bytes), "Content-Length": str(len(content))}
        headers |= checksum(content) if self._checked else {}
        upto = len(content) if fault is None or fault.after_s is not None else max(0, fault.at_byte - offset_bytes)
        try:
            connection.putrequest("PATCH", path)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            for piece in _pieces(content[:upto]):
                connection.send(piece)
                self.outcome.sent_bytes += len(piece)
            self._highest = max(self._highest, offset_bytes + upto)
            if fault is not None:
                time.sleep(fault.after_s or 0)
                self._strike(fault)
                return 0
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException):
            self._drop()
            return 0
        return answer.status

    def _strike(self, fault: Fault) -> None:
        if fault.kind == "kill":
            self.server.kill()
            self._drop()
            self.server.start()
        elif self._connection is not None and self._connection.sock is not None:
            if fault.rough:
                self._connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._drop()

    def _connect(self) -> HTTPConnection:
        if self._connection is None:
            self._connection = HTTPConnection("127.0.0.1", self.server.port, timeout=120)
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def run(
    folder: Path, *, size_bytes: int, chunk_bytes: int, cuts: int, kills: int, seed: int, checked: bool = True
) -> Outcome:
    """Send a file of random bytes through faults, and look at what the server took."""
    path = folder / "file.bin"
    sha256 = make_file(path, size_bytes, seed)
    outcome = Outcome(size_bytes=size_bytes, chunk_bytes=chunk_bytes, faults=cuts + kills)
    start = time.monotonic()
    with UploadServer(folder / "server", upload_bytes=size_bytes) as server, Sender(server.url) as sender:
        address = sender.begin(size_bytes, Upload_Metadata=metadata(filename="file.bin", sha256=sha256))
        sender.http.close()  # a kill ends its connection
        Run(server, path, outcome, checked=checked).send(address, plan(size_bytes, chunk_bytes, cuts, kills, seed))
        outcome.seconds = time.monotonic() - start
        taken = server.taken()
        outcome.taken = len(taken)
        outcome.peak_bytes = server.peak_bytes
        with (server.folder / "taken" / address.rpartition("/")[2]).open("rb") as file:
            outcome.same = hashlib.file_digest(file, "sha256").hexdigest() == sha256 == taken[0]["sha256"]
    return outcome


def _pieces(content: bytes) -> Iterator[memoryview]:
    view = memoryview(content)
    return (view[at : at + PIECE_BYTES] for at in range(0, len(view), PIECE_BYTES))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size-mib", type=int, default=64)
    parser.add_argument("--chunk-mib", type=int, default=8)
    parser.add_argument("--cuts", type=int, default=20)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="without checksums of the chunks")
    parser.add_argument("--folder", type=Path, help="for the files, three times the size; default: a temporary one")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        outcome = run(
            Path(folder),
            size_bytes=given.size_mib * MEBIBYTE,
            chunk_bytes=given.chunk_mib * MEBIBYTE,
            cuts=given.cuts,
            kills=given.kills,
            seed=given.seed,
            checked=not given.plain,
        )
    sys.stdout.write(outcome.text())
    return 1 if outcome.problems() else 0


if __name__ == "__main__":
    sys.exit(main())
