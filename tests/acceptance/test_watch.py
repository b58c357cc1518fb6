from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.harness.project import open_project

from headgate.cli import watch_loop
from headgate.cli.watch_folders import Resting, Schedules
from headgate.core.replacing import replace
from headgate.project import load_flow
from headgate.settings import read_settings
from headgate.wiring import system_clock

Call = Callable[..., Any]
MADE = ("generate", "sales", "--count", 30, "--seed", 3, "--first-number", 50_000, "--output", "sent")


def test_once_takes_what_is_at_rest_and_ends(headgate: Call, project: Path) -> None:
    headgate(*MADE)
    (project / "sent" / "answers.jsonl").unlink()
    settings = project / "headgate.toml"
    settings.write_text(settings.read_text().replace('# folders = ["incoming"]', 'folders = ["sent"]'))
    document = headgate("watch", "--once", "--json").document
    assert document["counts"]["published"] == 30


def test_it_takes_a_file_that_comes_and_ends_with_sigterm(headgate: Call, project: Path) -> None:
    headgate(*MADE)
    (sent,) = project.glob("sent/sales*.json")
    (project / "door").mkdir()
    command = [sys.executable, "-m", "headgate.cli.main", "watch", "door", "--json"]
    process = subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    late = threading.Timer(60, process.kill)
    late.start()
    try:
        assert process.stderr.readline().startswith("Watching")
        sent.rename(project / "door" / sent.name)
        told = process.stdout.readline()
        assert told, f"it ended with {process.wait()}: {process.stderr.read()}"
        line = json.loads(told)
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
    finally:
        late.cancel()
        process.stdout.close()
        process.stderr.close()
    assert (line["state"], line["counts"]["published"]) == ("archived", 30)
    assert (project / "door" / sent.name).is_file()


def test_a_file_that_came_before_the_folder_was_listened_to(headgate: Call, project: Path) -> None:
    headgate(*MADE)
    (sent,) = project.glob("sent/sales*.json")
    door = project / "door"
    door.mkdir()

    def deaf(*_: Path, **__: object) -> Iterator[set[object]]:
        """A watcher that begins when the file has come, and so hears nothing of it."""
        sent.rename(door / sent.name)
        while not stop.wait(0.2):
            yield set()

    stop = threading.Event()
    late = threading.Timer(30, stop.set)
    late.start()
    settings = read_settings(project, {})
    platform = open_project(project, clock=system_clock)
    with patch.object(watch_loop, "watch_files", deaf):
        result = next(watch_loop.runs(platform, settings, [door], stop), None)
    platform.close()
    late.cancel()
    stop.set()
    assert result is not None
    assert [one.name for one in result.deliveries] == [sent.name]


def test_without_a_folder_the_setting_is_told(in_ran: Call) -> None:
    assert "[watch] folders" in in_ran("watch", "--once", expect=2).err
    assert "is no folder" in in_ran("watch", "nowhere", "--once", expect=2).err


def test_a_file_is_given_when_it_stood_still_for_two_seconds_and_again_when_it_changed(
    ran: Path, tmp_path: Path
) -> None:
    moments = [datetime(2026, 11, 20, 8, tzinfo=UTC)]
    resting = Resting([tmp_path], read_settings(ran, {}), lambda: moments[-1])
    file = tmp_path / "a.json"

    def taken_after(seconds: float) -> list[str]:
        moments.append(moments[-1] + timedelta(seconds=seconds))
        return [one.name for one in resting.take()]

    file.write_text("[1")
    assert (taken_after(0), resting.moving) == ([], True)
    assert taken_after(1.5) == []
    file.write_text("[1, 2]")
    assert taken_after(1.5) == []
    assert taken_after(1.9) == []
    assert (taken_after(0.1), resting.moving) == (["a.json"], False)
    assert taken_after(60) == []
    file.write_text("[1, 2, 3]")
    assert taken_after(0) == []
    assert taken_after(2) == ["a.json"]


def test_a_schedule_is_due_once_at_its_time(ran: Path) -> None:
    flow = load_flow(ran / "flows" / "sales")
    flow = replace(flow, source=replace(flow.source, schedule="30 2 * * *"))
    moments = [datetime(2026, 11, 20, 2, 29, 59, tzinfo=UTC)]
    schedules = Schedules({"sales": flow}, lambda: moments[-1])
    assert schedules.due() == []
    moments.append(datetime(2026, 11, 20, 2, 30, tzinfo=UTC))
    assert schedules.due() == ["sales"]
    assert schedules.due() == []
    moments.append(datetime(2026, 11, 21, 2, 30, tzinfo=UTC))
    assert schedules.due() == ["sales"]
