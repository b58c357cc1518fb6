"""Lines of the log: a form that no text can break."""

from __future__ import annotations

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.cli.log_lines import JsonLines, TextLines, set_up_log
from headgate.core.errors import UsageError
from headgate.core.log_context import context, told_with


def record(event: str, **extra: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "headgate.test", "levelno": logging.INFO, "levelname": "INFO", "msg": event})
    vars(made).update(extra)
    return made


@given(st.text(), st.text())
def test_a_json_line_is_one_object_whatever_it_says(event: str, value: str) -> None:
    line = JsonLines().format(record(event, value=value))
    assert "\n" not in line
    assert line.isascii()
    document = json.loads(line)
    assert (document["event"], document["value"], document["level"]) == (event, value, "info")
    assert document["time"].endswith("Z")


@given(st.text())
def test_a_text_line_steers_no_terminal_and_begins_no_other(value: str) -> None:
    line = TextLines().format(record("step ended", value=value))
    assert line.isprintable()


def test_an_injected_line_stays_inside_its_own() -> None:
    line = TextLines().format(record("a request", route="/x\n2026 error  step failed\x1b[2J"))
    assert line.count("\n") == 0
    assert "\x1b" not in line


def test_a_line_says_where_it_belongs() -> None:
    with told_with(run="r-1", flow="sales", trace_id=""), told_with(flow="retail", step="check"):
        document = json.loads(JsonLines().format(record("step ended", delivery=["d-1"])))
    assert {name: document.get(name) for name in ("run", "flow", "step", "delivery", "trace_id")} == {
        "run": "r-1",
        "flow": "retail",
        "step": "check",
        "delivery": ["d-1"],
        "trace_id": None,
    }
    assert context() == {}


def test_an_exception_is_told_with_its_trace() -> None:
    error = ZeroDivisionError("of\nzero")
    failed = record("a request failed", exc_info=(ZeroDivisionError, error, None))
    assert "ZeroDivisionError" in json.loads(JsonLines().format(failed))["exception"]
    assert all(line.isprintable() for line in TextLines().format(failed).splitlines())


def test_a_wrong_variable_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADGATE_LOG_FORMAT", "yaml")
    with pytest.raises(UsageError, match="known are json, text"):
        set_up_log()
