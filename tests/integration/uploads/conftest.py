from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.harness.tus_sender import Sender
from tests.harness.upload_server import UploadServer

NUMBERS = itertools.count()


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UploadServer]:
    """A server with small limits, which tests share as different owners."""
    folder = tmp_path_factory.mktemp("server")
    with UploadServer(folder, upload_bytes=1_000_000, owner_bytes=1_500_000, owner_open=5, idle_s=3600) as started:
        yield started


@pytest.fixture
def sender(server: UploadServer) -> Iterator[Sender]:
    """An owner of whom nobody has heard yet."""
    with Sender(server.url, f"owner-{next(NUMBERS)}") as one:
        yield one


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., UploadServer]]:
    """Starts servers of the test's own."""
    started: list[UploadServer] = []

    def start_one(**limits: float) -> UploadServer:
        server = UploadServer(tmp_path / str(len(started)), **limits)
        started.append(server)
        server.start()
        return server

    yield start_one
    for server in started:
        server.stop()
