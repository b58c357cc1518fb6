"""Our server of uploads against tuspy and tus-js-client, which know nothing of us."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.harness.needed import node_modules
from tests.harness.tus_sender import Sender
from tests.harness.upload_server import UploadServer
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed

PROGRAM = Path(__file__).parent / "tus"
CHUNK_BYTES = 256 << 10
CONTENT = Random(1).randbytes(3_000_000)  # noqa: S311  repeatable on purpose
SHA256 = hashlib.sha256(CONTENT).hexdigest()

Send = Callable[..., dict[str, Any]]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[UploadServer]:
    with UploadServer(tmp_path / "server") as started:
        yield started


@pytest.fixture
def tuspy(server: UploadServer) -> TusClient:
    return TusClient(server.url, headers={"Authorization": "Bearer ann"})


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tus-js")
    shutil.copy(PROGRAM / "upload.mjs", folder)
    node_modules(PROGRAM, folder)
    return folder


@pytest.fixture
def send_js(program: Path, server: UploadServer, tmp_path: Path) -> Send:
    """Sends CONTENT with tus-js-client; what it says at the end."""
    path = tmp_path / "file.bin"
    path.write_bytes(CONTENT)

    def send(**options: object) -> dict[str, Any]:
        given = {"endpoint": server.url, "path": str(path), "chunkSize": CHUNK_BYTES, "retryDelays": None} | options
        run = subprocess.run(
            ["node", "upload.mjs", json.dumps(given)],
            cwd=program,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return dict(json.loads(run.stdout))

    return send


def assert_taken(server: UploadServer, address: str, **metadata: str) -> None:
    """CONTENT was taken, once, from this upload."""
    (taken,) = server.taken()
    assert (taken["upload_id"], taken["sha256"]) == (address.rpartition("/")[2], SHA256)
    assert taken["metadata"] == metadata
    assert server.taken_bytes(taken["upload_id"]) == CONTENT


@pytest.mark.parametrize("checked", [True, False])
@pytest.mark.parametrize("chunk_bytes", [CHUNK_BYTES, 10 * len(CONTENT)])
def test_tuspy_sends_a_file(server: UploadServer, tuspy: TusClient, chunk_bytes: int, *, checked: bool) -> None:
    named = {"filename": "Übersicht.csv", "sha256": SHA256}
    uploader = tuspy.uploader(
        file_stream=io.BytesIO(CONTENT), chunk_size=chunk_bytes, metadata=named, upload_checksum=checked
    )
    uploader.upload()
    assert_taken(server, str(uploader.url), **named)


def test_tuspy_goes_on_after_a_kill(server: UploadServer, tuspy: TusClient) -> None:
    first = tuspy.uploader(file_stream=io.BytesIO(CONTENT), chunk_size=CHUNK_BYTES, upload_checksum=True)
    first.upload(stop_at=4 * CHUNK_BYTES)
    server.kill()
    with pytest.raises((TusCommunicationError, TusUploadFailed)):
        first.upload()
    server.start()
    second = tuspy.uploader(file_stream=io.BytesIO(CONTENT), chunk_size=CHUNK_BYTES, url=first.url)
    assert second.offset == 4 * CHUNK_BYTES
    second.upload()
    assert_taken(server, str(first.url))


def test_tuspy_tries_again_by_itself(server: UploadServer, tuspy: TusClient) -> None:
    uploader = tuspy.uploader(
        file_stream=io.BytesIO(CONTENT), chunk_size=CHUNK_BYTES, upload_checksum=True, retries=50, retry_delay=1
    )
    uploader.upload(stop_at=CHUNK_BYTES)
    server.kill()
    back = threading.Timer(1.5, server.start)
    back.start()
    uploader.upload()
    back.join()
    assert_taken(server, str(uploader.url))


def test_tuspy_hears_of_a_wrong_file(server: UploadServer, tuspy: TusClient) -> None:
    uploader = tuspy.uploader(
        file_stream=io.BytesIO(CONTENT), metadata={"sha256": hashlib.sha256(b"another").hexdigest()}
    )
    with pytest.raises(TusUploadFailed) as failed:
        uploader.upload()
    assert failed.value.status_code == 422
    assert json.loads(failed.value.response_content)["error"]["code"] == "digest_differs"
    assert server.taken() == []


def test_tus_js_client_sends_a_file(server: UploadServer, send_js: Send) -> None:
    named = {"filename": "Übersicht.csv", "sha256": SHA256}
    assert_taken(server, send_js(metadata=named)["url"], **named)


@pytest.mark.parametrize(
    "options",
    [
        {"chunkSize": 10 * len(CONTENT)},
        {"uploadDataDuringCreation": True},
        {"deferred": True},
        {"overridePatchMethod": True},
        {"addRequestId": True},
    ],
    ids=str,
)
def test_tus_js_client_sends_a_file_by_each_extension(
    server: UploadServer, send_js: Send, options: dict[str, object]
) -> None:
    assert_taken(server, send_js(**options)["url"])


def test_tus_js_client_sends_parts_at_once(server: UploadServer, send_js: Send) -> None:
    named = {"filename": "a.bin", "sha256": SHA256}
    assert_taken(server, send_js(parallelUploads=3, metadata=named)["url"], **named)
    assert not [name for name in server.kept() if name.endswith(".bytes")]


def test_tus_js_client_goes_on_after_a_kill(server: UploadServer, send_js: Send) -> None:
    half = send_js(abortAtBytes=6 * CHUNK_BYTES)
    server.restart()
    with Sender(server.url) as sender:
        assert sender.offset(half["url"]) >= half["accepted"] >= 6 * CHUNK_BYTES
    assert_taken(server, send_js(uploadUrl=half["url"])["url"])


def test_tus_js_client_tries_again_by_itself(server: UploadServer, send_js: Send) -> None:
    def kill_and_start() -> None:
        until = time.monotonic() + 30
        while time.monotonic() < until and not any(name.endswith(".bytes") for name in server.kept()):
            time.sleep(0.001)
        server.kill()
        time.sleep(0.3)
        server.start()

    killer = threading.Thread(target=kill_and_start)
    killer.start()
    outcome = send_js(chunkSize=20_000, retryDelays=[200] * 50)
    killer.join()
    assert_taken(server, outcome["url"])


def test_tus_js_client_terminates(server: UploadServer, send_js: Send) -> None:
    half = send_js(abortAtBytes=2 * CHUNK_BYTES, terminate=True)
    with Sender(server.url) as sender:
        assert sender.head(half["url"]).status_code == 404
    assert server.kept() == []


def test_tus_js_client_hears_of_a_wrong_file(server: UploadServer, send_js: Send) -> None:
    outcome = send_js(metadata={"sha256": hashlib.sha256(b"another").hexdigest()}, retryDelays=[10] * 3)
    assert outcome["status"] == 422
    assert "digest_differs" in outcome["error"]
    assert server.taken() == []
