"""`headgate upload` to a real server, with both of them killed and the line between them cut."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.conftest import headgate_in
from tests.harness.cutting_proxy import CuttingProxy

from headgate.adapters.sqlite_ledger import SqliteLedger
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Delivery

CHUNK = 8 << 20
NAME = "sales_batch_20261122_080000.json"


class Server:
    """`headgate serve` of a project, on one port, which can be killed and started anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.call = headgate_in(folder)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = int(listener.getsockname()[1])
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "headgate.cli.main", "serve", "--port", str(self.port), "--no-work", "--json"]
        self.process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        while "}" not in (line := self.process.stdout.readline()):
            assert line, "the server ended before it served"

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.communicate()

    def stop(self) -> None:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.communicate(timeout=30)

    def link(self, *options: str, port: int = 0) -> str:
        url = f"http://127.0.0.1:{port or self.port}"
        made = self.call("links", "make", "sales", "--label", "Depot", "--url", url, *options, "--json")
        return str(made.document["link"])

    def deliveries(self) -> list[Delivery]:
        ledger = SqliteLedger(f"sqlite:///{self.folder / 'ledger.db'}")
        try:
            return ledger.deliveries(DeliveryFilter(sender="Depot"))
        finally:
            ledger.close()


@pytest.fixture(scope="module")
def server(ran: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("sending") / "shop"
    shutil.copytree(ran, folder)
    started = Server(folder)
    started.start()
    yield started
    started.stop()


@pytest.fixture
def upload(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts `headgate upload` with a state folder of the test's own."""
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
    environment.pop("HEADGATE_TOKEN", None)

    def start(*arguments: object, **more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "headgate.cli.main", "upload", *map(str, arguments), "--json"]
        return subprocess.Popen(
            command, env=environment | more, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return start


def ended(process: subprocess.Popen[str], *, timeout_s: float = 120) -> tuple[int, dict[str, Any], str]:
    """Exit status, document and standard error."""
    out, said = process.communicate(timeout=timeout_s)
    return process.returncode, json.loads(out) if out.strip() else {}, said


def test_files_and_folders_are_sent_and_proven_and_not_sent_twice(
    server: Server, upload: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    (folder / "deep").mkdir(parents=True)
    for number, place in enumerate([folder, folder / "deep"]):
        (place / f"sales_batch_{number}.json").write_bytes(b"{}" + os.urandom(4))
    (folder / "notes.txt").write_text("not ours", encoding="utf-8")
    (folder / ".sales_batch_hidden.json").write_text("{}", encoding="utf-8")
    link = server.link()
    arguments = (folder, "--pattern", "sales_*.json", "--to", link)
    status, would, _ = ended(upload(*arguments, "--dry-run"))
    assert (status, [one["state"] for one in would["files"]]) == (0, ["would_send"] * 2)
    status, sent, said = ended(upload(*arguments))
    assert (status, [one["state"] for one in sent["files"]], said) == (0, ["sent"] * 2, "")
    landed = {one.sha256: one for one in server.deliveries()}
    for one in sent["files"]:
        assert one["sha256"] == hashlib.sha256(Path(one["path"]).read_bytes()).hexdigest()
        assert landed[one["sha256"]].facts["proven_by_sender"] is True
    status, again, _ = ended(upload(*arguments))
    assert (status, [one["state"] for one in again["files"]]) == (0, ["already"] * 2)
    secret = link.rpartition("/")[2].encode()
    assert not any(secret in path.read_bytes() for path in (tmp_path / "state").rglob("*.json"))
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [".sales_batch_hidden.json", "deep", "notes.txt", "sales_batch_0.json"]
    )


def test_it_goes_on_after_cuts_and_kills_of_either_side(
    server: Server, upload: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    size_bytes = 12 * CHUNK + 12_345
    file = tmp_path / NAME
    file.write_bytes(random.Random(7).randbytes(size_bytes))  # noqa: S311  no secret
    clients: list[subprocess.Popen[str]] = []
    cuts = [int(CHUNK * part) for part in (0.3, 1.7, 3.2, 6.4, 9.1)]
    server_kills = [int(CHUNK * part) for part in (2.4, 7.6)]
    client_kills = [int(CHUNK * part) for part in (4.5, 8.3)]
    interruptions = len(cuts + server_kills + client_kills)

    def at(up_bytes: int) -> bool:
        for planned, act in ((client_kills, "client"), (server_kills, "server"), (cuts, "cut")):
            if planned and up_bytes >= planned[0]:
                planned.pop(0)
                if act == "client":
                    clients[-1].kill()
                if act == "server":
                    server.kill()
                    server.start()
                return True
        return False

    with CuttingProxy(server.port, at) as proxy:
        link = server.link("--files", "1", port=proxy.port)
        for _ in range(5):
            clients.append(upload(file, "--to", link, "--patience", 60))
            status, document, said = ended(clients[-1])
            if status != -signal.SIGKILL:
                break
        assert (status, said) == (0, ""), document
        assert proxy.up_bytes <= size_bytes + interruptions * (CHUNK + 65_536)
    assert [cuts, server_kills, client_kills] == [[], [], []]
    assert [one["state"] for one in document["files"]] == ["resumed"]
    found = [one for one in server.deliveries() if one.name == NAME]
    assert [(one.sha256, one.size_bytes, one.facts["proven_by_sender"]) for one in found] == [
        (hashlib.sha256(file.read_bytes()).hexdigest(), size_bytes, True)
    ]


def test_what_the_link_does_not_take_is_told_and_the_rest_is_sent(
    server: Server, upload: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    odd, good = tmp_path / "payroll.xlsx", tmp_path / "sales_batch_good.json"
    odd.write_bytes(b"x")
    good.write_bytes(b"{}" + os.urandom(4))
    status, document, _ = ended(upload(odd, good, "--to", server.link()))
    assert (status, document["failed"]) == (1, 1)
    assert [one["state"] for one in document["files"]] == ["failed", "sent"]
    assert "takes no file called" in document["files"][0]["error"]["message"]
    status, document, _ = ended(upload(good, "--to", server.link().rpartition("/")[0] + f"/{0:064}", "--again"))
    assert (status, document["files"][0]["error"]["code"]) == (1, "link_over")


def test_a_file_that_changes_meanwhile_is_given_up(
    server: Server, upload: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    file = tmp_path / "sales_batch_growing.json"
    file.write_bytes(bytes(3 * CHUNK))

    def at(up_bytes: int) -> bool:
        if up_bytes > CHUNK:
            with file.open("ab") as stream:
                stream.write(b"x")
        return False

    with CuttingProxy(server.port, at) as proxy:
        status, document, _ = ended(upload(file, "--to", server.link(port=proxy.port)))
    assert status == 1
    assert "changed while it was sent" in document["files"][0]["error"]["message"]
    assert not list((server.folder / "uploads").glob("*.bytes"))
    assert not list((tmp_path / "state").rglob("*.json"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--to", "ftp://example.org"), "is no address"),
        (("--to", "http://example.org/send/abc"), "would go unencrypted"),
        (("--to", "http://127.0.0.1:1"), "set HEADGATE_TOKEN"),
        (("none.json", "--to", "http://127.0.0.1:1/send/abc"), "is neither file nor folder"),
    ],
    ids=["scheme", "plain", "no token", "no file"],
)
def test_a_wrong_call_says_what_to_do(
    upload: Callable[..., subprocess.Popen[str]], tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    file = tmp_path / NAME
    file.write_bytes(b"{}")
    status, _, said = ended(upload(file, *arguments))
    assert (status, told in said, "abc" in said) == (2, True, False)


def test_patience_ends(upload: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> None:
    file = tmp_path / NAME
    file.write_bytes(b"{}")
    status, document, _ = ended(upload(file, "--to", "http://127.0.0.1:1/send/abc", "--patience", 1))
    assert status == 1
    assert "goes on where it stopped" in document["files"][0]["error"]["message"]


def test_a_token_is_sent_as_bearer(upload: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> None:
    file = tmp_path / NAME
    file.write_bytes(b"{}")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = upload(file, "--to", url, "--patience", 1, HEADGATE_TOKEN="t0ken")  # noqa: S106
        connection, _ = listener.accept()
        with connection:
            asked = connection.recv(65_536).decode()
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        status, _, _ = ended(process)
    assert asked.startswith("POST /files HTTP/1.1")
    assert "Authorization: Bearer t0ken" in asked
    assert status == 1
