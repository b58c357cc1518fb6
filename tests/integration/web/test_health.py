"""Liveness and readiness: each thing that it depends on, broken by itself."""

from __future__ import annotations

import json
import os
from pathlib import Path
from threading import Event, Thread

import msgspec
import pytest
from tests.integration.web.conftest import Web

from headgate.adapters.sqlite_ledger import SqliteLedger
from headgate.core.replacing import replace
from headgate.serve.readiness import LATE_S, Pulse


class Seconds:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def with_pulse(web: Web, pulse: Pulse) -> Web:
    return Web(msgspec.structs.replace(web.site, pulse=pulse), web.clock)


def asked(web: Web) -> tuple[int, dict[str, str]]:
    answer = web.client().get("/readyz")
    assert answer.json()["ready"] == (answer.status_code == 200)
    return answer.status_code, answer.json()["checks"]


def test_all_is_well(web: Web) -> None:
    pulse = Pulse()
    pulse.beat("keeper")
    pulse.expect_alive("worker", lambda: True)
    everything = {"ledger": "ok", "stage": "ok", "keeper": "ok", "worker": "ok"}
    assert asked(with_pulse(web, pulse)) == (200, everything)
    assert web.client().get("/healthz").json() == {"lives": True}


def test_the_ledger_does_not_answer(web: Web, tmp_path: Path) -> None:
    place = tmp_path / "ledger.db"
    ledger = SqliteLedger(f"sqlite:///{place}", busy_timeout_s=0.1)
    ledger.close()
    place.write_bytes(b"no database " * 1000)
    for left in tmp_path.glob("ledger.db-*"):
        left.unlink()
    site = msgspec.structs.replace(web.site, platform=replace(web.site.platform, ledger=ledger))
    status, checks = asked(Web(site, web.clock))
    assert (status, checks["ledger"], checks["stage"]) == (503, "fails", "ok")


def test_the_stage_cannot_be_written(web: Web, tmp_path: Path) -> None:
    platform = replace(web.site.platform, stage=str(tmp_path / "gone"))
    status, checks = asked(Web(msgspec.structs.replace(web.site, platform=platform), web.clock))
    assert (status, checks["stage"], checks["ledger"]) == (503, "fails", "ok")


def test_the_worker_died(web: Web) -> None:
    pulse, end = Pulse(), Event()
    worker = Thread(target=end.wait)
    worker.start()
    pulse.expect_alive("worker", worker.is_alive)
    made = with_pulse(web, pulse)
    assert asked(made)[0] == 200
    end.set()
    worker.join()
    status, checks = asked(made)
    assert (status, checks["worker"]) == (503, "fails")


def test_the_keeper_was_not_here_lately(web: Web) -> None:
    clock = Seconds()
    pulse = Pulse(clock)
    pulse.beat("keeper")
    made = with_pulse(web, pulse)
    clock.now_s += LATE_S
    assert asked(made)[0] == 200
    clock.now_s += 1
    status, checks = asked(made)
    assert (status, checks["keeper"]) == (503, "fails")
    pulse.beat("keeper")
    assert asked(made)[0] == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_nothing_of_the_inside_is_told(web: Web, path: str) -> None:
    text = json.dumps(web.client().get(path).json())
    assert web.site.platform.stage not in text
    assert os.sep not in text
    assert web.site.platform.project not in text
