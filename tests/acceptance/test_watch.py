from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
        line = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
    finally:
        late.cancel()
        process.stdout.close()
        process.stderr.close()
    assert (line["state"], line["counts"]["published"]) == ("archived", 30)
    assert (project / "door" / sent.name).is_file()


def test_without_a_folder_the_setting_is_told(in_ran: Call) -> None:
    assert "[watch] folders" in in_ran("watch", "--once", expect=2).err
    assert "is no folder" in in_ran("watch", "nowhere", "--once", expect=2).err
