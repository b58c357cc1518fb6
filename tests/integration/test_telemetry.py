"""Spans and figures as a foreign receiver gets them, over several processes; and nothing of it where nobody asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.harness.otlp_receiver import receiving
from tests.harness.project import make_project, make_sales

from headgate.core.errors import ConfigurationError
from headgate.core.telemetry import SILENT, place_of
from headgate.settings import read_settings
from headgate.wiring import open_telemetry

LAND_ONLY = """
import sys
from pathlib import Path
from headgate import pipeline
from headgate.cli.opening import opened
from headgate.core.batches import Arrived
from headgate.settings import read_settings
with opened(read_settings(Path("."))) as project:
    files = [Arrived(path=str(one), name=one.name, size_bytes=one.stat().st_size) for one in map(Path, sys.argv[1:])]
    pipeline.take_in(files, project.platform, "r-landing")
"""


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "headgate.cli.main", *arguments]
    return subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = make_project(tmp_path / "shop", "sales")
    make_sales(folder / "incoming", count=400, files=2, seed=3, defects=0.05)
    return folder


def files_of(folder: Path) -> list[Path]:
    return sorted((folder / "incoming").glob("sales_batch_*.json"))


def test_a_run_with_a_worker_is_one_trace(project: Path) -> None:
    with receiving() as receiver:
        with (project / "headgate.toml").open("a") as stream:
            stream.write(f'[telemetry]\notlp = "{receiver.url}"\n')
        done = run(project, "run", *map(str, files_of(project)), "--workers", "1", "--json")
        assert done.returncode == 0, done.stderr
    (whole,) = receiver.named("run")
    steps = ["land", "check", "review", "transform", "publish", "archive", "commit", "work"]
    assert {name for name in steps if receiver.named(name)} == set(steps)
    assert {span.trace for name in steps for span in receiver.named(name)} == {whole.trace}
    assert [span.parent for span in receiver.named("work")] == [whole.id]  # the other process
    (published,) = receiver.named("publish")
    assert {span.parent for span in receiver.named("commit")} == {published.id}
    assert published.attributes["headgate.publication"] == 1
    total = [one["counts"] for one in json.loads(done.stdout)["deliveries"]]
    assert published.attributes["headgate.rows.accepted"] == sum(counts["published"] for counts in total)
    assert whole.service["service.name"] == "headgate"
    assert whole.service["headgate.project"] == "proof"


def test_figures_come_too(project: Path) -> None:
    with receiving() as receiver:
        done = run(project, "run", *map(str, files_of(project)), "--json", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
        assert done.returncode == 0, done.stderr
    counts = [one["counts"] for one in json.loads(done.stdout)["deliveries"]]
    rows = {attributes["verdict"]: value for attributes, value in receiver.figures["headgate.rows"]}
    assert rows["accepted"] == sum(one["published"] for one in counts)
    assert rows["held"] == sum(one["held"] for one in counts)
    steps = {attributes["step"] for attributes, _ in receiver.figures["headgate.step.duration"]}
    assert {"land", "check", "review", "transform", "publish", "archive", "run"} <= steps


@pytest.mark.parametrize(
    ("variable", "spans", "figures"), [("OTEL_TRACES_EXPORTER", False, True), ("OTEL_METRICS_EXPORTER", True, False)]
)
def test_each_half_can_be_switched_off(project: Path, variable: str, *, spans: bool, figures: bool) -> None:
    with receiving() as receiver:
        run(
            project, "run", *map(str, files_of(project)), OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, **{variable: "none"}
        )
    assert (bool(receiver.spans), bool(receiver.figures)) == (spans, figures)


def test_what_lands_now_and_is_settled_later_is_tied(project: Path) -> None:
    with receiving() as receiver:
        environment = os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
        command = [sys.executable, "-c", LAND_ONLY, *map(str, files_of(project))]
        subprocess.run(command, cwd=project, env=environment, check=True, timeout=120)
        landed = {span.attributes["headgate.delivery.id"]: span for span in receiver.named("delivery")}
        assert len(landed) == 2
        assert run(project, "run", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url).returncode == 0
    for id_, span in landed.items():
        place = place_of("proof", id_)
        assert (span.trace, span.id, span.parent) == (place.trace_id, place.span_id, "")
        for step in ("check", "review", "transform", "publish", "archive"):
            (worked,) = receiver.named(step)
            assert (place.trace_id, place.span_id) in worked.links, step
            assert worked.trace != place.trace_id
    (landing,) = receiver.named("land")
    assert {span.links for span in landed.values()} == {((landing.trace, landing.id),)}


def test_no_name_and_no_value_leaves(project: Path) -> None:
    with receiving() as receiver:
        run(project, "run", *map(str, files_of(project)), OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
    assert receiver.spans
    row = json.loads(files_of(project)[0].read_bytes())["transactions"][0]
    for secret in (files_of(project)[0].name, str(project), row["customer"]["email"], row["customer"]["name"]):
        assert secret.encode() not in receiver.raw, secret


def test_the_trace_of_the_caller_goes_on(project: Path) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    with receiving() as receiver:
        environment = {"TRACEPARENT": f"00-{trace}-b7ad6b7169203331-01", "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
        run(project, "run", *map(str, files_of(project)), **environment)
    assert [(span.trace, span.parent) for span in receiver.named("run")] == [(trace, "b7ad6b7169203331")]


def test_a_step_that_fails_is_told_by_its_type_alone(project: Path) -> None:
    task = project / "flows" / "sales" / "tasks" / "products.sql"
    task.write_text(task.read_text().replace("min(name) AS name", "min(CAST(name AS INTEGER)) AS name"))
    with receiving() as receiver:
        done = run(project, "run", *map(str, files_of(project)), "--json", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
    note = json.loads(done.stdout)["deliveries"][0]["note"]
    quoted = note.partition("'")[2].partition("'")[0]  # the value of a row, which the project's own page shows
    assert quoted
    failed = [span for span in receiver.named("transform") if span.failed]
    assert failed
    assert all(span.attributes["error.type"].endswith("Error") for span in failed)
    assert quoted.encode() not in receiver.raw
    assert "headgate.errors" in receiver.figures


def test_a_receiver_that_is_away_stops_nothing(project: Path) -> None:
    with receiving() as receiver:
        away = receiver.url
    began = time.monotonic()
    done = run(project, "run", *map(str, files_of(project)), OTEL_EXPORTER_OTLP_ENDPOINT=away)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert "their receiver does not answer" in done.stderr
    assert time.monotonic() - began < 30


def test_nothing_is_loaded_where_nobody_asked(project: Path) -> None:
    settings = read_settings(project, {})
    assert open_telemetry(settings, {}) is SILENT
    disabled = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"}
    assert open_telemetry(settings, disabled) is SILENT
    assert SILENT.span("a", {}) is SILENT.span("b", {"x": 1})


def test_what_is_not_installed_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "headgate.adapters.opentelemetry_telemetry", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'headgate\[telemetry\]'"):
        open_telemetry(read_settings(project, {}), {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"})
