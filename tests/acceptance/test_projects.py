from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from headgate.cli import main

Call = Callable[..., Any]
COMMANDS = Path(__file__).parents[2] / "docs" / "commands.md"


def test_init_writes_a_project_and_leaves_it_alone_the_second_time(in_empty: Call, tmp_path: Path) -> None:
    made = in_empty("init", "shop", "--flow", "retail", "--flow", "usedcars", "--json").document
    assert (made["name"], made["flows"], made["kept"]) == ("shop", ["retail", "usedcars"], [])
    settings = tmp_path / "shop" / "headgate.toml"
    settings.write_text(settings.read_text() + "# mine\n")
    again = in_empty("init", "shop", "--flow", "retail", "--json").document
    assert again["written"] == []
    assert again["key"] == made["key"]
    assert settings.read_text().endswith("# mine\n")
    assert (tmp_path / "shop" / "keys").stat().st_mode & 0o077 == 0


def test_init_refuses_what_cannot_be_and_leaves_nothing(in_empty: Call, tmp_path: Path) -> None:
    assert "Did you mean 'retail'?" in in_empty("init", "a", "--flow", "retial", expect=2).err
    in_empty("init", "b", "--name", "No Name!", expect=2)
    assert not (tmp_path / "a").exists()
    assert not (tmp_path / "b" / "headgate.toml").exists()


def test_without_a_project_the_next_step_is_told(in_empty: Call) -> None:
    assert "headgate init" in in_empty("status", expect=2).err
    assert in_empty("status", "--json", expect=2).document["error"]["kind"] == "ConfigurationError"


def test_a_project_is_named_from_elsewhere_or_found_upwards(in_empty: Call, ran: Path) -> None:
    assert in_empty("status", "--project", ran, "--json").document["flows"] == {"sales": {"archived": 2}}


def test_help_starts_without_the_heavy_libraries() -> None:
    heavy = {"duckdb", "deltalake", "sqlalchemy", "pyarrow", "rich", "sqlglot", "numpy", "msgspec"}
    script = f"import sys, headgate.cli.main; print(sorted({heavy} & set(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_every_command_has_examples_and_stands_in_the_docs() -> None:
    docs = COMMANDS.read_text()
    commands = dict(_commands(main.headgate, ""))
    assert len(commands) > 25
    for name, epilog in commands.items():
        assert f"headgate {name}" in epilog, f"{name} has no example"
        assert re.search(rf"^headgate {name}\b", docs, re.MULTILINE), f"docs/commands.md lacks headgate {name}"


def _commands(group: click.Group, above: str) -> Iterator[tuple[str, str]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _commands(command, f"{above}{name} ")
        else:
            yield f"{above}{name}", command.epilog or ""


def test_a_fault_of_ours_is_told_in_words_and_with_debug_in_full() -> None:
    script = (
        "import sys; from headgate.cli.failures import explain; "
        "sys.exit(explain(ValueError('odd'), debug='--debug' in sys.argv, as_json=True))"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert told.stderr.startswith("This is a fault of Headgate: ValueError: odd")
    assert '"kind": "ValueError"' in told.stdout
    debug = subprocess.run([sys.executable, "-c", script, "--debug"], capture_output=True, text=True, check=False)
    assert "ValueError: odd\n" in debug.stderr


def test_a_wrong_call_ends_with_two_and_the_version_is_told(in_empty: Call) -> None:
    in_empty("no-such-command", expect=2)
    in_empty("run", "--no-such-option", expect=2)
    assert in_empty("--version").out.startswith("headgate 0.")
    assert "Examples:" in in_empty("run", "--help").out


def test_an_interrupted_command_ends_with_130_and_says_so(tmp_path: Path) -> None:
    receipt = tmp_path / "receipt.json"
    os.mkfifo(receipt)
    # whoever began the tests in the background has had them ignore interrupts, and what they begin too
    script = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from headgate.cli.main import main; main()"
    )
    command = [sys.executable, "-c", script, "receipt", "verify", str(receipt)]
    # a named pipe opens for one side when the other is there: by then the command reads
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process, receipt.open("wb"):
        told = _interrupted(process)
    assert process.returncode == 130
    assert told.startswith("Interrupted.")


def _interrupted(process: subprocess.Popen[str]) -> str:
    """Standard error of a process that is interrupted until it ends: a signal just before a read does not end it."""
    for _ in range(30):
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=2)[1]
    process.kill()
    raise AssertionError("the process goes on")
