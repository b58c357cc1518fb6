"""Figures for Prometheus: what they say, that they are whole after a restart, and that its own tools can read them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.harness.needed import needed
from tests.harness.project import all_deliveries, make_sales, run_files
from tests.integration.web.conftest import Web

from headgate.core.observed import observing
from headgate.core.replacing import replace
from headgate.core.roles import Grant, Role
from headgate.core.telemetry import SILENT
from headgate.serve.log_figures import LAG_BOUNDS_S, LogFigures
from headgate.serve.own_figures import OwnFigures
from headgate.web.metrics import make_registry, metrics_text

Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(text: str) -> Figures:
    """Every sample by name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scraped(web: Web) -> str:
    return metrics_text(make_registry(web.site)).decode()


def value(figures: Figures, name: str, **labels: str) -> float:
    return figures[name, tuple(sorted(labels.items()))]


def test_they_are_those_of_the_ledger(web: Web) -> None:
    figures = read(scraped(web))
    counts = [one.counts for one in all_deliveries(web.site.platform) if one.counts]
    assert value(figures, "headgate_rows_total", flow="sales", verdict="accepted") == sum(
        one.accepted for one in counts
    )
    assert value(figures, "headgate_rows_total", flow="sales", verdict="held") == sum(one.held for one in counts) > 0
    assert value(figures, "headgate_rows_held", flow="sales") == sum(one.held for one in counts)
    assert value(figures, "headgate_deliveries", flow="sales", state="archived") == len(counts)
    assert value(figures, "headgate_delivery_changes_total", flow="sales", state="published") == len(counts)
    assert value(figures, "headgate_publications_total", flow="sales") >= 1
    assert value(figures, "headgate_publish_lag_seconds_count", flow="sales") == len(counts)
    assert value(figures, "headgate_publish_lag_seconds_bucket", flow="sales", le="+Inf") == len(counts)
    assert value(figures, "headgate_backlog_deliveries", flow="retail") == 0
    assert value(figures, "headgate_log_events_total") == web.site.platform.ledger.log_size()
    assert value(figures, "headgate_log_unanchored_events") >= 0
    assert value(figures, "headgate_oldest_held_seconds", flow="sales") > 0
    assert value(figures, "headgate_uploads_open") == 0
    assert value(figures, "process_resident_memory_bytes") > 1_000_000
    assert value(figures, "process_cpu_seconds_total") > 0


def test_counters_only_grow_and_are_the_same_after_a_restart(make_web: Callable[[], Web], tmp_path: Path) -> None:
    web = make_web()
    before = read(scraped(web))
    lasting = LogFigures(web.site.platform.ledger)
    lasting.refresh()
    platform = web.site.platform
    run_files(platform, make_sales(tmp_path / "more", count=40, seed=77, first_number=9_000).files, run="r-2")
    lasting.refresh()  # it reads on
    anew = LogFigures(platform.ledger)  # as after a restart
    anew.refresh()
    assert (lasting.rows, lasting.changes, lasting.publications) == (anew.rows, anew.changes, anew.publications)
    assert {flow: lags.buckets for flow, lags in lasting.lags.items()} == {
        flow: lags.buckets for flow, lags in anew.lags.items()
    }
    after = read(scraped(web))
    counters = [key for key in before if key[0].endswith(("_total", "_bucket", "_count"))]
    assert len(counters) > 20
    assert all(after[key] >= before[key] for key in counters)
    key = ("headgate_rows_total", (("flow", "sales"), ("verdict", "accepted")))
    assert after[key] > before[key]
    web.site.uploads.close()
    web.site.people.accounts.close()


def test_a_lag_falls_into_its_bucket(web: Web) -> None:
    log = LogFigures(web.site.platform.ledger)
    log.refresh()
    lags = log.lags["sales"]
    (index,) = {place for place, count in enumerate(lags.buckets) if count}
    assert ([0.0, *LAG_BOUNDS_S][index]) <= lags.sum_s / sum(lags.buckets)
    assert lags.cumulative()[-1] == ("+Inf", sum(lags.buckets))


def test_what_this_process_did(web: Web) -> None:
    own = OwnFigures(SILENT)
    platform = replace(web.site.platform, telemetry=own)
    with observing(platform, "check", flow="sales"):
        pass
    with pytest.raises(ZeroDivisionError), observing(platform, "check", flow="sales"):
        raise ZeroDivisionError
    made = Web(msgspec.structs.replace(web.site, platform=platform), web.clock)
    client = made.signed_in(made.account(Grant(role=Role.OPERATOR)))
    client.get("/deliveries")
    figures = read(client.get("/metrics").text)
    assert value(figures, "headgate_step_seconds_count", flow="sales", step="check") == 1
    assert value(figures, "headgate_errors_total", flow="sales", step="check", type="ZeroDivisionError") == 1
    labels = {"http_request_method": "GET", "http_route": "/deliveries", "http_response_status_code": "200"}
    assert value(figures, "headgate_request_seconds_count", **labels) == 1


@pytest.mark.parametrize(
    ("grant", "status"),
    [
        (Grant(role=Role.OPERATOR), 200),
        (Grant(role=Role.ADMIN), 200),
        (Grant(role=Role.OPERATOR, flow="sales"), 403),
        (Grant(role=Role.AUDITOR), 403),
    ],
)
def test_they_are_for_who_keeps_all_flows_running(web: Web, grant: Grant, status: int) -> None:
    assert web.signed_in(web.account(grant)).get("/metrics").status_code == status


def test_no_label_holds_a_name(web: Web) -> None:
    text = scraped(web)
    for one in all_deliveries(web.site.platform):
        assert one.name not in text
        assert one.id not in text


def test_its_own_tool_finds_nothing_wrong(web: Web) -> None:
    promtool = Path(sys.executable).with_name("promtool")  # where `make test` puts it
    program = str(promtool) if promtool.exists() else needed("promtool")
    done = subprocess.run(
        [program, "check", "metrics"], input=scraped(web), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
