"""The schema, what the database itself refuses, and what is said when it cannot be used."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Timer
from typing import Any
from unittest.mock import patch

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.exc import OperationalError

from headgate.adapters import migrations
from headgate.adapters.migrations.upgrade import upgrade
from headgate.adapters.sqlite_case_book import SqliteCases
from headgate.adapters.sqlite_codec import encode_time
from headgate.adapters.sqlite_database import Database
from headgate.adapters.sqlite_ledger import SqliteLedger
from headgate.adapters.sqlite_schema import HEAD
from headgate.core.errors import ConfigurationError, TransientError
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Arrival, Event
from headgate.core.states import TRANSITIONS, DeliveryState

AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def opened(place: Path) -> Iterator[SqliteLedger]:
    ledger = SqliteLedger(f"sqlite:///{place}", busy_timeout_s=0.05)
    yield ledger
    ledger.close()


def arrival(number: int) -> Arrival:
    return Arrival(
        flow="sales",
        name=f"{number}",
        origin="o",
        sender="s",
        sha256=f"{number:064x}",
        size_bytes=1,
        form={"n": "x" * 500},
    )


def contents(place: Path) -> list[Any]:
    """All that was made, however it was written down, and the rows that a new ledger has."""
    with closing(sqlite3.connect(place)) as raw:
        schema = raw.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name").fetchall()
        rows = [raw.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() for name in ("counters", "alembic_version")]
    spaced = [(*names, re.sub(r"([()])", r" \1 ", sql or "").split()) for *names, sql in schema]
    return [*spaced, *rows]


class TestSchema:
    def test_migrations_give_what_a_new_ledger_has(self, tmp_path: Path) -> None:
        migrated, created = tmp_path / "migrated.db", tmp_path / "created.db"
        sqlite3.connect(migrated).close()
        upgrade(str(migrated), found=None)
        Database(f"sqlite:///{created}").close()
        assert contents(migrated) == contents(created)
        assert len(contents(created)) > 40

    def test_an_older_ledger_is_brought_on_when_it_is_opened(self, place: Path, tmp_path: Path) -> None:
        sqlite3.connect(place).close()
        upgrade(str(place), found=None, to="0001")
        with closing(sqlite3.connect(place)) as raw, raw:
            raw.execute("INSERT INTO runs VALUES ('r-1', '2026-03-01T00:00:00.000000Z', NULL, '{}')")
        with closing(SqliteLedger(f"sqlite:///{place}")) as ledger:
            assert [run.id for run in ledger.runs()] == ["r-1"]
            assert ledger.append([Event(type="x")], at=AT) == range(1)
            ledger.close()
        made = tmp_path / "made.db"
        Database(f"sqlite:///{made}").close()
        assert contents(place)[:-2] == contents(made)[:-2]

    def test_cases_and_decisions_of_an_older_ledger_stay(self, place: Path) -> None:
        """Their tables are written anew, so that a change of rules may be a case without a delivery."""
        sqlite3.connect(place).close()
        upgrade(str(place), found=None, to="0006")
        case = ("c-1", "sales", "d-1", "rows", "r", "dear", "x", 3, 2, "c1", "open", "at", None, None, "", "a-ada", 1)
        decision = ("c-1", 1, "release", "d", 3, "why", "a-ada", "[]", 1, "proposed", "at", "at", None, None, "")
        with closing(sqlite3.connect(place)) as raw, raw:
            raw.execute(f"INSERT INTO cases VALUES ({', '.join('?' * len(case))})", case)
            raw.execute(f"INSERT INTO decisions VALUES ({', '.join('?' * len(decision))})", decision)
            raw.execute("INSERT INTO votes VALUES ('c-1', 1, 'a-ada', 'd', 'at', '')")
            raw.execute("INSERT INTO comments VALUES ('c-1', 1, 'a-ada', 'at', 'hm', 0)")
        SqliteLedger(f"sqlite:///{place}").close()
        with closing(sqlite3.connect(place)) as raw, raw:
            assert raw.execute("SELECT * FROM cases").fetchall() == [case]
            assert raw.execute("SELECT * FROM decisions").fetchall() == [decision]
            assert raw.execute("SELECT count(*) FROM votes, comments").fetchone() == (1,)
            broken = [row for row in raw.execute("PRAGMA foreign_key_check") if row[0] != "cases"]
            assert broken == []
            with pytest.raises(sqlite3.IntegrityError, match="ck_cases_delivery"):
                raw.execute("UPDATE cases SET delivery = NULL")

    def test_a_question_that_stood_before_is_put_to_who_sent_by_link_or_account(self, place: Path) -> None:
        sqlite3.connect(place).close()
        upgrade(str(place), found=None, to="0006")
        sent = {"d-1": '{"delivered_by": "a-1", "upload_link": "u-1"}', "d-2": '{"delivered_by": "a-2"}', "d-3": "{}"}
        with closing(sqlite3.connect(place)) as raw, raw:
            for number, (id_, facts) in enumerate(sent.items(), 1):
                raw.execute(
                    "INSERT INTO deliveries (landing_number, id, kind, name, origin, sender, sha256, size_bytes, form, "
                    "state, run, landed_at, reasons, held_for, note, parameters, facts, tries) VALUES "
                    "(?, ?, 'file', 'x', 'o', 's', 'h', 1, '{}', 'landed', 'r', ?, '[]', '[]', '', '{}', ?, 0)",
                    (number, id_, encode_time(AT), facts),
                )
                raw.execute(
                    'INSERT INTO cases (id, flow, delivery, kind, rule, code, "column", row_count, remaining, '
                    "contract, state, opened_at, note, asked) VALUES (?, 'sales', ?, 'rows', 'r', 'c', '', 1, 1, 'c', "
                    "'open', ?, '', 1)",
                    (f"c-{number}", id_, encode_time(AT)),
                )
                for said, question in ((1, 1), (2, 1)):
                    comment = (f"c-{number}", said, "a-9", encode_time(AT), f"question {said}", question)
                    raw.execute("INSERT INTO comments VALUES (?, ?, ?, ?, ?, ?)", comment)
        with closing(SqliteCases(f"sqlite:///{place}")) as cases:
            found = [(one.case, one.who, one.number, one.text) for one in cases.addressed()]
            assert found == [("c-1", "u-1", 2, "question 2"), ("c-2", "a-2", 2, "question 2")]
            assert cases.untold(most=9) == []

    def test_an_upgrade_that_fails_changes_nothing(self, place: Path) -> None:
        with closing(sqlite3.connect(place)) as raw, raw:
            raw.execute("CREATE TABLE runs (id INTEGER)")  # the last table that the first revision makes
        with pytest.raises(OperationalError, match="already exists"):
            upgrade(str(place), found=None)
        with closing(sqlite3.connect(place)) as raw:
            assert raw.execute("SELECT name FROM sqlite_master").fetchall() == [("runs",)]

    def test_the_head_in_code_is_the_newest_revision(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__path__[0])))
        config.set_main_option("path_separator", "os")
        assert ScriptDirectory.from_config(config).get_current_head() == HEAD

    def test_a_ledger_of_this_version_needs_neither_alembic_nor_sqlalchemy(
        self, opened: SqliteLedger, place: Path
    ) -> None:
        opened.append([Event(type="x")], at=AT)
        script = (
            "import sys; from headgate.adapters.sqlite_ledger import SqliteLedger;"
            f"ledger = SqliteLedger('sqlite:///{place}');"
            "print(ledger.log_size(), {'alembic', 'sqlalchemy'} & set(sys.modules))"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["1", "set()"]

    def test_settings_of_every_connection(self, opened: SqliteLedger, place: Path) -> None:
        opened.log_size()
        database = Database(f"sqlite:///{place}")
        with database.reading() as connection:
            found = [
                connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            ]
        database.close()
        assert found == ["wal", 2, 1, 30_000]

    def test_a_transaction_may_leave_the_disk_to_the_next_one(self, place: Path) -> None:
        def synchronous(connection: sqlite3.Connection) -> int:
            return int(connection.execute("PRAGMA synchronous").fetchone()[0])

        database = Database(f"sqlite:///{place}")
        with database.writing(synced=False) as connection:
            assert synchronous(connection) == 1
        with pytest.raises(ZeroDivisionError), database.writing(synced=False):
            raise ZeroDivisionError
        for _ in range(3):
            with database.writing() as connection:
                assert synchronous(connection) == 2
        database.close()


class TestRefusedByTheDatabase:
    """By SQL beside the ledger, so that nothing but the database stands in the way."""

    @pytest.fixture
    def raw(self, opened: SqliteLedger, place: Path) -> Iterator[sqlite3.Connection]:
        (landed,) = opened.register([arrival(1)], run="r", at=AT)
        opened.put_checkpoint(1, "note")
        assert landed.landing_number == 1
        with closing(sqlite3.connect(place, isolation_level=None)) as connection:
            yield connection

    @pytest.mark.parametrize("before", list(DeliveryState))
    def test_every_transition_is_as_in_the_table(self, raw: sqlite3.Connection, before: DeliveryState) -> None:
        (trigger,) = raw.execute("SELECT sql FROM sqlite_master WHERE name = 'deliveries_transition'").fetchone()
        for after in DeliveryState:
            raw.execute("DROP TRIGGER deliveries_transition")
            raw.execute("UPDATE deliveries SET state = ?", (before.value,))
            raw.execute(trigger)
            if after is before or after in TRANSITIONS[before]:
                raw.execute("UPDATE deliveries SET state = ?", (after.value,))
            else:
                with pytest.raises(sqlite3.IntegrityError, match="illegal transition"):
                    raw.execute("UPDATE deliveries SET state = ?", (after.value,))

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE events SET leaf = '{}' WHERE position = 0",
            "DELETE FROM events WHERE position = 1",
            "UPDATE tree_nodes SET hash = zeroblob(32)",
            "DELETE FROM tree_nodes",
            "UPDATE checkpoints SET note = ''",
            "DELETE FROM deliveries",
            "INSERT INTO events VALUES (7, 'at', 'type', NULL, NULL, '{}')",
            "INSERT INTO tree_nodes VALUES (0, 99, x'00')",
            "UPDATE deliveries SET state = 'lost'",
            "UPDATE deliveries SET kind = 'parcel'",
            "UPDATE deliveries SET received = 3, accepted = 1, held = 1, rejected = 0, duplicate = 0, warned = 0",
            "UPDATE deliveries SET received = 3, accepted = 3",
            "UPDATE deliveries SET received = 0, accepted = -1, held = 1, rejected = 0, duplicate = 0, warned = 0",
            "UPDATE leases SET number = NULL",
        ],
    )
    def test_statement(self, raw: sqlite3.Connection, statement: str) -> None:
        raw.execute("INSERT INTO leases VALUES ('k', 'o', 1, 0)")
        with pytest.raises(sqlite3.IntegrityError):
            raw.execute(statement)

    def test_a_landing_number_that_does_not_grow(self, raw: sqlite3.Connection) -> None:
        columns = [
            row[1] for row in raw.execute("PRAGMA table_info(deliveries)") if row[1] not in {"landing_number", "id"}
        ]
        listed = ", ".join(columns)
        insert = f"INSERT INTO deliveries (landing_number, id, {listed}) SELECT ?, ?, {listed} FROM deliveries LIMIT 1"
        with pytest.raises(sqlite3.IntegrityError, match="only grow"):
            raw.execute(insert, (0, "d-0"))
        raw.execute(insert, (2, "d-2"))

    def test_two_open_publications_of_a_flow(self, raw: sqlite3.Connection) -> None:
        insert = "INSERT INTO publications VALUES (?, ?, 1, ?, 'r', '[]', '[]', '[]', '{}', 'at', ?)"
        raw.execute(insert, ("sales", 1, "done", "at"))
        raw.execute(insert, ("sales", 2, "open", None))
        raw.execute(insert, ("retail", 1, "open", None))
        with pytest.raises(sqlite3.IntegrityError):
            raw.execute(insert, ("sales", 3, "open", None))


class TestWhatIsSaid:
    def test_another_process_writes_for_too_long(self, opened: SqliteLedger, place: Path) -> None:
        with closing(sqlite3.connect(place, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(TransientError, match="locked by another process"):
                opened.append([Event(type="x")], at=AT)
            assert opened.log_size() == 0
        assert opened.append([Event(type="x")], at=AT) == range(1)

    def test_a_new_file_that_another_process_holds_for_a_moment(self, place: Path) -> None:
        """SQLite gives up at once where a file that is locked shall be switched to write-ahead mode."""
        with closing(sqlite3.connect(place, isolation_level=None, check_same_thread=False)) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute("CREATE TABLE counters (x)")
            late = Timer(0.3, other.execute, ("ROLLBACK",))
            late.start()
            with closing(SqliteLedger(f"sqlite:///{place}", busy_timeout_s=20)) as ledger:
                assert ledger.log_size() == 0
            late.join()

    def test_a_full_disk(self, opened: SqliteLedger, place: Path) -> None:
        connect = sqlite3.connect

        def small(*file: Any, **options: Any) -> sqlite3.Connection:  # noqa: ANN401  the driver's
            connection: sqlite3.Connection = connect(*file, **options)
            connection.execute("PRAGMA max_page_count = 80").close()
            return connection

        with (
            patch.object(sqlite3, "connect", small),
            closing(SqliteLedger(f"sqlite:///{place}")) as ledger,
            pytest.raises(TransientError, match="is full"),
        ):
            ledger.register([arrival(number) for number in range(500)], run="r", at=AT)
        assert opened.deliveries(DeliveryFilter()) == []

    def test_a_newer_schema(self, opened: SqliteLedger, place: Path) -> None:
        opened.close()
        with closing(sqlite3.connect(place)) as raw, raw:
            raw.execute("UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(ConfigurationError, match=rf"schema '9999'.*'{HEAD}'.*Update Headgate"):
            SqliteLedger(f"sqlite:///{place}")

    def test_another_database(self, place: Path) -> None:
        with closing(sqlite3.connect(place)) as raw, raw:
            raw.execute("CREATE TABLE orders (id INTEGER)")
        with pytest.raises(ConfigurationError, match="no ledger of Headgate"):
            SqliteLedger(f"sqlite:///{place}")

    def test_a_file_that_is_no_database(self, place: Path) -> None:
        place.write_bytes(b"PK\x03\x04" * 2000)
        with pytest.raises(ConfigurationError, match=r"damaged or no SQLite database.*audit verify"):
            SqliteLedger(f"sqlite:///{place}")

    def test_a_damaged_ledger(self, opened: SqliteLedger, place: Path) -> None:
        opened.register([arrival(number) for number in range(300)], run="r", at=AT)
        opened.close()
        content = bytearray(place.read_bytes())
        content[8192:] = b"\xff" * (len(content) - 8192)
        place.write_bytes(content)
        with (
            pytest.raises(ConfigurationError, match="is damaged"),
            closing(SqliteLedger(f"sqlite:///{place}")) as again,
        ):
            again.deliveries(DeliveryFilter())

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="its folder must exist"):
            SqliteLedger(f"sqlite:///{tmp_path}/nowhere/ledger.db")

    def test_another_kind_of_database(self) -> None:
        with pytest.raises(ConfigurationError, match=r"postgresql://someone:\*\*\*@host"):
            SqliteLedger("postgresql://someone:secret@host/ledger")
