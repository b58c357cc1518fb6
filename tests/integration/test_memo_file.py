"""What is remembered of a project's flows equals what is read anew, and each change of what it follows from is seen."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from headgate import memo_file
from headgate.check.delivery_rules import statements_of
from headgate.check.plan import plan_of
from headgate.core.errors import DocumentError, FlowError
from headgate.core.flow import Flow
from headgate.core.memo import Memo
from headgate.memo_file import FILE as MEMO
from headgate.memo_file import opened_memo
from headgate.preparing import prepare
from headgate.project import load_flow, load_flows
from headgate.serve.personal import personal_columns
from headgate.serve.report_reading import read_definition
from headgate.serve.run_report import definition_of
from headgate.settings import FILE, Settings, read_settings
from headgate.transform.task_sql import task_sql
from headgate.wiring import open_platform, shipped_flows

NAMES = sorted(place.parent.name for place in shipped_flows().glob("*/flow.yaml"))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the flows that ship, opened and prepared once."""
    folder = tmp_path_factory.mktemp("prepared")
    (folder / FILE).write_text('[project]\nname = "remembered"\n')
    shutil.copytree(shipped_flows(), folder / "flows")
    prepare_all(read_settings(folder, {}))
    return folder


@pytest.fixture
def settings(prepared: Path, tmp_path: Path) -> Settings:
    """A copy of that project."""
    return read_settings(Path(shutil.copytree(prepared, tmp_path / "copy")), {})


def prepare_all(settings: Settings) -> bytes | None:
    """What a command found that prepares all flows and was not found before; None where there was nothing."""
    with opened_memo(settings) as memo:
        platform = open_platform(settings, load_flows(settings, memo=memo), memo=memo)
        prepare(platform)
        platform.close()
        return memo.content()


def made_of(flow: Flow, memo: Memo) -> list[Any]:
    """All that runs need of a flow's SQL."""
    whole = frozenset(column.source_name for column in flow.contract.columns)
    tasks = [(task, flow.target(task.name)) for task in flow.tasks if task.function is None]
    definition = definition_of(flow)
    personal = personal_columns(flow, memo)
    return [
        *(plan_of(flow.contract, flow.parameters, memo, headers=headers) for headers in (None, whole)),
        statements_of(flow.contract, memo),
        *(task_sql(flow, task, target, memo) for task, target in tasks if target is not None),
        personal,
        definition and read_definition(definition, document="report.yaml", personal=personal, memo=memo),
    ]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_remembered_equals_what_is_read(settings: Settings, name: str) -> None:
    read = load_flow(settings.flows / name)
    with opened_memo(settings) as memo:
        known = load_flows(settings, memo=memo)[name]
        assert known == read
        assert repr(known) == repr(read)  # 0.5 and 0.50 too
        assert made_of(known, memo) == made_of(read, Memo())
        assert memo.content() is None


def test_nothing_is_written_where_nothing_is_new(settings: Settings) -> None:
    before = (settings.stage / MEMO).stat()
    assert prepare_all(settings) is None
    after = (settings.stage / MEMO).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert [place.name for place in settings.stage.iterdir()] == [MEMO]


def test_a_prepared_project_is_opened_without_any_parser(settings: Settings) -> None:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from headgate.memo_file import opened_memo\n"
        "from headgate.preparing import prepare\n"
        "from headgate.project import load_flows\n"
        "from headgate.settings import read_settings\n"
        "from headgate.wiring import open_platform\n"
        "settings = read_settings(Path(sys.argv[1]), {})\n"
        "with opened_memo(settings) as memo:\n"
        "    prepare(open_platform(settings, load_flows(settings, memo=memo), memo=memo))\n"
        "print(sorted({'sqlglot', 'yaml', 'jsonschema_rs'} & set(sys.modules)))\n"
    )
    arguments = [sys.executable, "-c", script, str(settings.folder)]
    assert subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.strip() == "[]"


# ── What is seen ─────────────────────────────────────────────────────────────────────────────────────────────────────
def replaced(file: str, old: str, new: str) -> Callable[[Path], None]:
    def change(flow: Path) -> None:
        text = (flow / file).read_text()
        assert old in text
        (flow / file).write_text(text.replace(old, new))

    return change


CHANGES = {
    "a rule": replaced("contract.odcs.yaml", "timestamp <= now()", "timestamp < now()"),
    "a task": replaced("tasks/categories.sql", "count(*)", "count(category)"),
    "a parameter": replaced("flow.yaml", 'default: "8.0"', 'default: "8.5"'),
    "a table parameter": replaced("flow.yaml", "currency, day date", "currency, day text"),
    "the table of a parameter": replaced("fx_rates.csv", "EUR,2024-01-01,1.00000000", "EUR,2024-01-01,1.00000001"),
    "a check in Python": replaced("checks.py", "def ", "\ndef "),
    "the report": replaced("report.yaml", "currency: EUR", "currency: CHF"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_is_seen(settings: Settings, change: Callable[[Path], None]) -> None:
    folder = settings.flows / "sales"
    flow = load_flow(folder)
    before = (flow, made_of(flow, Memo()))
    change(folder)
    with opened_memo(settings) as memo:
        known = load_flows(settings, memo=memo)["sales"]
        made = made_of(known, memo)
    read = load_flow(folder)
    assert (known, made) == (read, made_of(read, Memo()))
    assert (known, made) != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("contract.odcs.yaml", "timestamp <= now()", "timestamp <= nwo()"),
        ("contract.odcs.yaml", "timestamp <= now()", "timestamp <= random()"),
        ("flow.yaml", "votes: 1 ", "vote: 1 "),
        ("tasks/categories.sql", "FROM items", "FROM itms"),
        ("tasks/items.sql", "_delivery", "1 AS one"),
    ],
)
def test_what_is_refused_is_refused_each_time(settings: Settings, file: str, old: str, new: str) -> None:
    replaced(file, old, new)(settings.flows / "sales")
    for _ in range(2):
        with pytest.raises(DocumentError):
            load_flows(settings)


def test_a_file_that_is_gone_is_told(settings: Settings) -> None:
    (settings.flows / "sales" / "tasks" / "items.sql").unlink()
    with pytest.raises(FlowError, match=r"tasks/items\.sql, which flow\.yaml names, is not in the flow folder"):
        load_flows(settings)


def test_a_changed_program_is_seen(tmp_path: Path) -> None:
    shutil.copytree(Path(memo_file.__file__).parent, tmp_path / "headgate", ignore=shutil.ignore_patterns("*.pyc"))
    script = "from headgate import memo_file; print(memo_file.__file__, memo_file._program())"

    def program() -> str:
        found = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert found.stdout.startswith(str(tmp_path))
        return found.stdout

    before = program()
    assert program() == before
    with (tmp_path / "headgate" / "check" / "plan_sql.py").open("a") as file:
        file.write("# changed\n")
    assert program() != before


# ── The file ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def cut_off(place: Path) -> None:
    place.write_bytes(place.read_bytes()[:-100])


def changed_within(place: Path) -> None:
    """Rules that pass whatever they look at."""
    content = place.read_bytes()
    assert b"coalesce(" in content
    place.write_bytes(content.replace(b"coalesce(", b"coalescf("))


def of_another_format(place: Path) -> None:
    place.write_text("{}\n{}")


def unreadable(place: Path) -> None:
    place.unlink()
    place.mkdir()


@pytest.mark.parametrize("damage", [cut_off, changed_within, of_another_format, unreadable, Path.unlink])
def test_a_damaged_file_is_done_without(settings: Settings, damage: Callable[[Path], None]) -> None:
    damage(settings.stage / MEMO)
    with opened_memo(settings) as memo:
        flows = load_flows(settings, memo=memo)
        assert flows == {name: load_flow(settings.flows / name) for name in NAMES}
        assert made_of(flows["sales"], memo) == made_of(flows["sales"], Memo())
    assert not list(settings.stage.glob(f"{MEMO}-*"))


def test_a_stage_that_cannot_be_written_is_done_without(settings: Settings) -> None:
    shutil.rmtree(settings.stage)
    settings.stage.write_text("no folder")
    assert sorted(load_flows(settings)) == NAMES


def test_the_last_of_two_commands_at_once_leaves_a_whole_file(settings: Settings) -> None:
    with opened_memo(settings) as first, opened_memo(settings) as second:
        assert first.result("text", str, "first", lambda: "a") == "a"
        assert second.result("text", str, "second", lambda: "b") == "b"
    with opened_memo(settings) as memo:
        assert memo.result("text", str, "first", lambda: "other") == "a"
        assert load_flows(settings, memo=memo).keys() == set(NAMES)


def test_what_was_found_before_a_command_failed_is_kept(settings: Settings) -> None:
    replaced("flow.yaml", "source:", "sauce:")(settings.flows / "usedcars")
    replaced("flow.yaml", "schedule:", "schedule: ")(settings.flows / "sales")
    with pytest.raises(FlowError):
        load_flows(settings)
    with opened_memo(settings) as memo:
        load_flow(settings.flows / "sales", memo)
        assert memo.content() is None
