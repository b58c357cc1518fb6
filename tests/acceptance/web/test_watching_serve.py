"""`serve` as those who run it watch it: figures on an address of their own, lines of its log."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from tests.acceptance.conftest import headgate_in
from tests.acceptance.web.conftest import _first_object


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def call(url: str, host: str | None = None) -> tuple[int, str]:
    request = urllib.request.Request(url, headers={} if host is None else {"Host": host})  # noqa: S310  our own
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  our own
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    headgate_in(tmp_path)("init", "shop", "--flow", "sales")
    return tmp_path / "shop"


def test_figures_have_an_address_of_their_own(shop: Path) -> None:
    port = free_port()
    with (shop / "headgate.toml").open("a") as stream:
        stream.write(f'\n[telemetry]\nmetrics = "127.0.0.1:{port}"\n')
    command = [sys.executable, "-m", "headgate.cli.main", "serve", "--port", "0", "--json", "--log-format", "json"]
    with subprocess.Popen(command, cwd=shop, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            url = json.loads(_first_object(process.stdout))["url"]
            status, text = call(f"http://127.0.0.1:{port}/metrics")
            assert (status, "headgate_log_events_total" in text) == (200, True)
            assert call(f"http://127.0.0.1:{port}/metrics", host="evil.example")[0] == 400
            assert call(f"http://127.0.0.1:{port}/other")[0] == 404
            ready = json.loads(call(f"{url}/readyz")[1])
            assert ready == {"ready": True, "checks": dict.fromkeys(("ledger", "stage", "worker", "keeper"), "ok")}
            assert call(f"{url}/nothing/of/ours")[0] == 404
        finally:
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=20)
    lines = [json.loads(line) for line in err.splitlines()]
    assert {"event": "request", "route": "none", "status": 404}.items() <= lines[-1].items()


@pytest.mark.parametrize(
    ("address", "said"),
    [("0.0.0.0:9464", "ask for no sign-in"), ("9464", "write host and port"), ("localhost:x", "write host and port")],
)
def test_figures_are_for_this_machine(shop: Path, address: str, said: str) -> None:
    with (shop / "headgate.toml").open("a") as stream:
        stream.write(f'\n[telemetry]\nmetrics = "{address}"\n')
    assert said in headgate_in(shop)("serve", "--port", "0", expect=2).err
