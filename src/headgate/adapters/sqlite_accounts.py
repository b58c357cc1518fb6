"""Accounts, sessions and links in the ledger's database; who did what is an event of the same log."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from headgate.adapters import sqlite_log as log
from headgate.adapters.sqlite_codec import decode_optional_time, decode_time, encode_optional_time, encode_time
from headgate.adapters.sqlite_database import BUSY_TIMEOUT_S, Database
from headgate.adapters.sqlite_factors import SqliteFactors
from headgate.adapters.sqlite_statements import first_value, insert, listed
from headgate.adapters.sqlite_tokens import SqliteTokens
from headgate.core.accounts import FREE_TRIES, MOST_SESSIONS, Account, Accounts, Link, Purpose, Session, wait_after
from headgate.core.errors import NotFoundError, UsageError
from headgate.core.records import Event
from headgate.core.roles import Grant, Role

_ACCOUNTS = (
    "SELECT accounts.*, issuer, subject, EXISTS (SELECT 1 FROM factors WHERE factors.account = id) AS second_factor "
    "FROM accounts LEFT JOIN identities ON identities.account = id"
)
_TRY = (
    "UPDATE accounts SET failures = failures + 1, locked_until = NULL "
    "WHERE id = :id AND (locked_until IS NULL OR locked_until <= :at) RETURNING failures"
)
_FORGIVE = (
    "UPDATE accounts SET locked_until = CASE WHEN failures = :tries OR failures <= :free + 1 THEN NULL "
    "ELSE locked_until END, "
    "failures = failures - 1 WHERE id = :id AND failures > 0"
)
_OLDER_SESSIONS = (
    "SELECT id FROM sessions WHERE account = :account ORDER BY made_at DESC, rowid DESC LIMIT -1 OFFSET :most"
)
_CHANGE = "UPDATE accounts SET password = :password, disabled_at = :disabled_at WHERE id = :id"


class SqliteAccounts(SqliteTokens, SqliteFactors, Accounts):
    """Accounts by the URL of the ledger's database. Threads may share one."""

    def __init__(self, url: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self._database = Database(url, busy_timeout_s=busy_timeout_s)

    def add(self, account: Account, *, by: str) -> None:
        """Enter a new account; UsageError where its name or its identity is taken."""
        with self._database.writing() as connection:
            if first_value(connection, "SELECT id FROM accounts WHERE name = :name", {"name": account.name}):
                raise UsageError(f"There is an account {account.name!r} already. Next: `headgate accounts list`.")
            if account.issuer and _id_of(connection, account.issuer, account.subject) is not None:
                raise UsageError("There is an account of this identity already. Next: `headgate accounts list`.")
            insert(connection, "accounts", [_encode(account)])
            if account.issuer:
                identity = {"issuer": account.issuer, "subject": account.subject, "account": account.id}
                insert(connection, "identities", [identity])
            _put_grants(connection, account)
            fields = {"account": account.id, "by": by, "grants": [str(grant) for grant in account.grants]}
            log.append_events(connection, [Event(type="account_added", fields=fields)], at=account.made_at)

    def accounts(self, *, ids: Collection[str] | None = None, name: str | None = None) -> list[Account]:
        """Accounts by name."""
        conditions, values = [], dict[str, object]()
        if ids is not None:
            places, values = listed(sorted(ids))
            conditions.append(f"id IN ({places})")
        if name is not None:
            conditions.append("name = :name")
            values["name"] = name
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        with self._database.reading() as connection:
            rows = connection.execute(f"{_ACCOUNTS}{where} ORDER BY name", values).fetchall()
            places, bound = listed([row["id"] for row in rows])
            grants = connection.execute(f"SELECT * FROM grants WHERE account IN ({places}) ORDER BY role, flow", bound)
            by_account: dict[str, list[Grant]] = {}
            for row in grants:
                by_account.setdefault(row["account"], []).append(Grant(role=Role(row["role"]), flow=row["flow"]))
        return [_decode(row, by_account.get(row["id"], [])) for row in rows]

    def account_of(self, issuer: str, subject: str) -> Account | None:
        """The account of an identity that a provider vouches for."""
        with self._database.reading() as connection:
            found = _id_of(connection, issuer, subject)
        return None if found is None else self.accounts(ids=[found])[0]

    def change(self, account: Account, event: Event, *, at: datetime) -> None:
        """Write an account's password, grants and state as they shall stand; NotFoundError where there is none."""
        with self._database.writing() as connection:
            if not connection.execute(_CHANGE, _encode(account)).rowcount:
                raise NotFoundError(f"There is no account {account.id}. Next: `headgate accounts list`.")
            connection.execute("DELETE FROM grants WHERE account = :id", {"id": account.id})
            _put_grants(connection, account)
            log.append_events(connection, [event], at=at)

    def count_try(self, id_: str, *, at: datetime) -> int | None:
        """Count a password or code as wrong before it is looked at; None, and nothing counted, while it must wait."""
        with self._database.writing() as connection:
            failures: int | None = first_value(connection, _TRY, {"id": id_, "at": encode_time(at)})
            if failures is not None and (wait := wait_after(failures)):
                sql = "UPDATE accounts SET locked_until = :until WHERE id = :id"
                connection.execute(sql, {"until": encode_time(at + wait), "id": id_})
        return failures

    def forgive_try(self, id_: str, tries: int) -> None:
        """Take back a try that was counted as this one, and the wait where it began that or too few are left."""
        with self._database.writing() as connection:
            connection.execute(_FORGIVE, {"id": id_, "tries": tries, "free": FREE_TRIES})

    def start_session(self, session: Session, *, most: int = MOST_SESSIONS) -> None:
        """Enter a session, with the event `signed_in`, and end the account's oldest where they are too many."""
        with self._database.writing() as connection:
            older = connection.execute(_OLDER_SESSIONS, {"account": session.account, "most": most - 1}).fetchall()
            places, values = listed([row["id"] for row in older])
            connection.execute(f"DELETE FROM sessions WHERE id IN ({places})", values)
            insert(connection, "sessions", [_encode_session(session)])
            connection.execute(
                "UPDATE accounts SET failures = 0, locked_until = NULL WHERE id = :id", {"id": session.account}
            )
            ended = Event(type="signed_out", fields={"account": session.account, "by": "limit"})
            event = Event(type="signed_in", fields={"account": session.account})
            log.append_events(connection, [*[ended] * len(older), event], at=session.made_at)

    def session(self, id_: str) -> Session | None:
        """The session of that id."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT * FROM sessions WHERE id = :id", {"id": id_}).fetchone()
        return None if row is None else _decode_session(row)

    def sessions(self, account: str) -> list[Session]:
        """An account's sessions, the newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM sessions WHERE account = :account ORDER BY made_at DESC, id", {"account": account}
            ).fetchall()
        return [_decode_session(row) for row in rows]

    def touch_session(self, id_: str, *, seen_at: datetime) -> None:
        """Note that a session was used; what a power loss forgets of that does no harm."""
        with self._database.writing(synced=False) as connection:
            connection.execute(
                "UPDATE sessions SET seen_at = :at WHERE id = :id", {"at": encode_time(seen_at), "id": id_}
            )

    def end_sessions(self, ids: Sequence[str], *, at: datetime, by: str) -> int:
        """End sessions, with the event `signed_out` each; how many there were."""
        places, values = listed(ids)
        with self._database.writing() as connection:
            rows = connection.execute(f"SELECT account FROM sessions WHERE id IN ({places})", values).fetchall()
            connection.execute(f"DELETE FROM sessions WHERE id IN ({places})", values)
            ended = [Event(type="signed_out", fields={"account": account, "by": by}) for (account,) in rows]
            log.append_events(connection, ended, at=at)
        return len(rows)

    def add_link(self, link: Link, *, at: datetime, by: str) -> None:
        """Enter a link, with the event `link_made`."""
        line = {
            "id": link.id,
            "account": link.account,
            "purpose": link.purpose.value,
            "expires_at": encode_time(link.expires_at),
        }
        with self._database.writing() as connection:
            insert(connection, "links", [line])
            fields = {"account": link.account, "by": by, "purpose": link.purpose.value}
            log.append_events(connection, [Event(type="link_made", fields=fields)], at=at)

    def use_link(self, id_: str, *, at: datetime) -> Link | None:
        """Take a link, so that nobody else can; None where it was used, has expired or never was."""
        with self._database.writing() as connection:
            row = connection.execute("SELECT * FROM links WHERE id = :id", {"id": id_}).fetchone()
            connection.execute("DELETE FROM links WHERE id = :id", {"id": id_})
        if row is None or decode_time(row["expires_at"]) <= at:
            return None
        return Link(
            id=id_,
            account=row["account"],
            purpose=Purpose(row["purpose"]),
            expires_at=decode_time(row["expires_at"]),
        )

    def tell(self, event: Event, *, at: datetime) -> None:
        """Write an event that changes nothing."""
        with self._database.writing() as connection:
            log.append_events(connection, [event], at=at)

    def close(self) -> None:
        """Give connections back."""
        self._database.close()


def _id_of(connection: sqlite3.Connection, issuer: str, subject: str) -> str | None:
    sql = "SELECT account FROM identities WHERE issuer = :issuer AND subject = :subject"
    found: str | None = first_value(connection, sql, {"issuer": issuer, "subject": subject})
    return found


def _put_grants(connection: sqlite3.Connection, account: Account) -> None:
    assert not any(grant.withheld for grant in account.grants), "an account as a token narrows it is never kept"
    lines = [{"account": account.id, "role": grant.role.value, "flow": grant.flow} for grant in set(account.grants)]
    insert(connection, "grants", lines)


def _encode(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.name,
        "password": account.password,
        "made_at": encode_time(account.made_at),
        "disabled_at": encode_optional_time(account.disabled_at),
        "failures": account.failures,
        "locked_until": encode_optional_time(account.locked_until),
    }


def _decode(row: sqlite3.Row, grants: Sequence[Grant]) -> Account:
    return Account(
        id=row["id"],
        name=row["name"],
        grants=tuple(grants),
        made_at=decode_time(row["made_at"]),
        password=row["password"],
        disabled_at=decode_optional_time(row["disabled_at"]),
        failures=row["failures"],
        locked_until=decode_optional_time(row["locked_until"]),
        issuer=row["issuer"] or "",
        subject=row["subject"] or "",
        second_factor=bool(row["second_factor"]),
    )


def _encode_session(session: Session) -> dict[str, Any]:
    return {
        "id": session.id,
        "account": session.account,
        "csrf": session.csrf,
        "made_at": encode_time(session.made_at),
        "seen_at": encode_time(session.seen_at),
        "expires_at": encode_time(session.expires_at),
        "agent": session.agent,
    }


def _decode_session(row: sqlite3.Row) -> Session:
    return Session(
        id=row["id"],
        account=row["account"],
        csrf=row["csrf"],
        made_at=decode_time(row["made_at"]),
        seen_at=decode_time(row["seen_at"]),
        expires_at=decode_time(row["expires_at"]),
        agent=row["agent"],
    )
