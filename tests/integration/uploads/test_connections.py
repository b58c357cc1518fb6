"""What goes wrong on the way: connections that break, stall or overlap, senders that send too much, kills."""

from __future__ import annotations

import hashlib
import shutil
import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from tests.harness.tus_sender import BYTES, Sender, checksum, metadata
from tests.harness.upload_server import UploadServer

from headgate.uploads.refusals import Refusal
from headgate.web.error_replies import STATUS_OF_REFUSAL

Start = Callable[..., UploadServer]
MEBIBYTE = 1 << 20


def open_patch(address: str, offset_bytes: int, length_bytes: int | None, **headers: str) -> socket.socket:
    """A connection over which a PATCH was announced; its bytes are the caller's to send."""
    host, _, path = address.removeprefix("http://").partition("/")
    name, _, port = host.partition(":")
    connection = socket.create_connection((name, int(port)), 10)
    size = {"Transfer-Encoding": "chunked"} if length_bytes is None else {"Content-Length": str(length_bytes)}
    lines = {
        "Host": host, "Tus-Resumable": "1.0.0", "Authorization": "Bearer ann", "Upload-Offset": str(offset_bytes),
        **BYTES, **size, **headers,
    }  # fmt: skip
    text = "".join(f"{key}: {value}\r\n" for key, value in lines.items())
    connection.sendall(f"PATCH /{path} HTTP/1.1\r\n{text}\r\n".encode())
    return connection


def reset(connection: socket.socket) -> None:
    """End a connection as a broken network does: without a farewell."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize("end", [socket.socket.close, reset])
def test_bytes_before_a_cut_count(start: Start, end: Callable[[socket.socket], None]) -> None:
    with Sender(start().url) as sender:
        address = sender.begin(3 * MEBIBYTE)
        connection = open_patch(address, 0, 3 * MEBIBYTE)
        connection.sendall(b"x" * 2 * MEBIBYTE)
        time.sleep(0.5)
        end(connection)
        assert sender.offset(address) == 2 * MEBIBYTE


def test_nothing_of_a_chunk_with_a_checksum_counts_before_its_end(start: Start) -> None:
    with Sender(start().url) as sender:
        address = sender.begin(3 * MEBIBYTE)
        connection = open_patch(address, 0, 3 * MEBIBYTE, **checksum(b"x" * 3 * MEBIBYTE))
        connection.sendall(b"x" * 2 * MEBIBYTE)
        time.sleep(0.5)
        reset(connection)
        assert sender.offset(address) == 0


def test_a_stalled_body_is_ended(start: Start) -> None:
    with Sender(start(body_timeout_s=0.3).url) as sender:
        address = sender.begin(100)
        with open_patch(address, 0, 100) as connection:
            connection.sendall(b"x" * 40)
            assert connection.recv(65536).startswith(b"HTTP/1.1 408")
            assert connection.recv(65536)[-1:] in {b"", b"}"}
        assert sender.offset(address) == 40
        assert sender.patch(address, 40, b"x" * 60).status_code == 204


def test_a_body_that_trickles_is_ended_and_what_came_counts(start: Start) -> None:
    with Sender(start(body_timeout_s=5, window_s=0.5, least_bytes_per_s=1000).url) as sender:
        address = sender.begin(10_000)
        with open_patch(address, 0, 10_000) as connection:
            connection.settimeout(0.05)
            answer, sent, until = b"", 0, time.monotonic() + 10
            while not answer and time.monotonic() < until:
                connection.sendall(b"x")
                sent += 1
                with suppress(TimeoutError):
                    answer = connection.recv(65536)
            assert answer.startswith(b"HTTP/1.1 408")
        assert 0 < sender.offset(address) <= sent
        assert (
            sender.patch(address, sender.offset(address), b"x" * (10_000 - sender.offset(address))).status_code == 204
        )


def test_a_body_that_is_fast_enough_goes_on_for_many_windows(start: Start) -> None:
    with Sender(start(body_timeout_s=5, window_s=0.2, least_bytes_per_s=100).url) as sender:
        address = sender.begin(2_000)
        with open_patch(address, 0, 2_000) as connection:
            for _ in range(20):
                connection.sendall(b"x" * 100)
                time.sleep(0.05)
            assert connection.recv(65536).startswith(b"HTTP/1.1 204")


def test_a_second_request_is_locked_out(start: Start) -> None:
    with Sender(start().url) as sender:
        address = sender.begin(100)
        with open_patch(address, 0, 100) as connection:
            connection.sendall(b"x" * 40)
            time.sleep(0.2)
            second = sender.patch(address, 0, b"y" * 100)
            assert (second.status_code, second.json()["error"]["code"]) == (423, "upload_locked")
            assert sender.http.delete(address).status_code == 423
            connection.sendall(b"x" * 60)
            assert connection.recv(65536).startswith(b"HTTP/1.1 204")
        assert sender.offset(address) == 100


def test_many_at_once_are_one(start: Start) -> None:
    server = start()
    with Sender(server.url) as sender, ThreadPoolExecutor(8) as threads:
        address = sender.begin(100_000)
        answers = list(threads.map(lambda _: sender.patch(address, 0, b"x" * 100_000).status_code, range(8)))
        assert answers.count(204) == 1
        assert set(answers) <= {204, 409, 423}
    assert len(server.taken()) == 1


def test_an_announced_excess_is_refused_before_it_is_sent(start: Start) -> None:
    with Sender(start().url) as sender:
        address = sender.begin(100)
        with open_patch(address, 0, 101, Expect="100-continue") as connection:
            assert connection.recv(65536).startswith(b"HTTP/1.1 413")
        assert sender.offset(address) == 0


def test_an_excess_that_nobody_announced_is_refused(start: Start) -> None:
    server = start()
    with Sender(server.url) as sender:
        address = sender.begin(100)
        with open_patch(address, 0, None) as connection:
            connection.sendall(b"65\r\n" + b"x" * 101 + b"\r\n0\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 413")
        assert sender.offset(address) == 0
        assert server.taken() == []


def test_a_refused_sender_hears_why(start: Start) -> None:
    """Though it is still sending: what it sends is read and thrown away."""
    with Sender(start().url) as sender:
        address = sender.begin(8 * MEBIBYTE)
        with open_patch(address, 5, 8 * MEBIBYTE) as connection:
            for _ in range(8):
                connection.sendall(b"x" * MEBIBYTE)
                time.sleep(0.02)
            assert connection.recv(65536).startswith(b"HTTP/1.1 409")


def test_a_wrong_file_is_refused_and_says_so_afterwards(start: Start) -> None:
    server = start()
    with Sender(server.url) as sender:
        address = sender.begin(5, Upload_Metadata=metadata(sha256=hashlib.sha256(b"other").hexdigest()))
        answer = sender.patch(address, 0, b"hello")
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "digest_differs")
        assert sender.head(address).status_code == 410
        server.restart()
        again = sender.patch(address, 0, b"other")
        assert (again.status_code, again.json()["error"]["code"]) == (410, "upload_gone")
        assert hashlib.sha256(b"hello").hexdigest() in again.json()["error"]["message"]
    assert server.taken() == []
    assert not [name for name in server.kept() if name.endswith(".bytes")]


def test_an_acknowledged_chunk_outlives_a_kill(start: Start) -> None:
    server = start()
    content = bytes(range(256)) * 4096
    whole = metadata(filename="a.bin", sha256=hashlib.sha256(content).hexdigest())
    with Sender(server.url) as sender:
        address = sender.begin(len(content), Upload_Metadata=whole)
        for at in range(0, len(content), 300_000):
            assert sender.offset(address) == at
            assert sender.patch_checked(address, at, content[at : at + 300_000], "sha256").status_code == 204
            server.restart()
        assert sender.offset(address) == len(content)
    assert [one["sha256"] for one in server.taken()] == [hashlib.sha256(content).hexdigest()]
    assert server.taken_bytes(address.rpartition("/")[2]) == content


def test_an_expired_upload_is_gone(start: Start) -> None:
    with Sender(start(idle_s=0.3).url) as sender:
        address = sender.begin(5)
        time.sleep(0.4)
        assert sender.head(address).status_code == 410
        assert sender.patch(address, 0, b"hello").json()["error"]["code"] == "upload_gone"


def test_limits_are_told(start: Start) -> None:
    with Sender(start(upload_bytes=100, owner_bytes=150, owner_open=2).url) as sender:
        sender.begin(100)
        over = sender.post(Upload_Length="51")
        assert (over.status_code, over.json()["error"]["code"]) == (507, "quota_exceeded")
        sender.begin(50)
        many = sender.post(Upload_Length="0")
        assert (many.status_code, many.json()["error"]["code"]) == (429, "too_many_uploads")


@pytest.mark.parametrize("name", ["../../x", "a/b", "a\0b", "x" * 300, "..", "a\nb"])
def test_a_hostile_name_is_refused_in_words(start: Start, name: str) -> None:
    server = start()
    with Sender(server.url) as sender:
        answer = sender.post(Upload_Length="5", Upload_Metadata=metadata(filename=name))
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] in {"name_refused", "metadata_refused"}
    assert server.kept() == []


@pytest.mark.parametrize("path", ["..%2f..%2fetc%2fpasswd", "%00", "x" * 2000, ".lock", "0" * 32])
def test_an_address_is_no_path(start: Start, path: str) -> None:
    server = start()
    with Sender(server.url) as sender:
        for method in ("HEAD", "PATCH", "DELETE"):
            headers = {**BYTES, "Upload-Offset": "0"}
            assert sender.http.request(method, f"{server.url}/{path}", headers=headers).status_code == 404
    assert server.kept() == []


def test_a_failure_of_ours_is_told(start: Start) -> None:
    server = start()
    with Sender(server.url) as sender:
        address = sender.begin(5)
        shutil.rmtree(server.folder / "uploads")
        answer = sender.patch(address, 0, b"hello")
        assert (answer.status_code, answer.json()["error"]["code"]) == (500, "failed")
        assert answer.headers["Tus-Resumable"] == "1.0.0"
        assert sender.offset(address) == 0


def test_many_senders_need_little_memory(start: Start) -> None:
    server = start()
    content = bytes(24 * MEBIBYTE)
    with Sender(server.url) as sender, ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: sender.upload(content), range(8)))
    assert len(server.taken()) == 8
    assert server.peak_bytes < 200 * MEBIBYTE


def test_every_refusal_has_a_status() -> None:
    assert set(STATUS_OF_REFUSAL) == set(Refusal)
