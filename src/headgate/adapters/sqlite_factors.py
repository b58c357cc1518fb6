"""Second factors in the ledger's database."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from headgate.adapters import sqlite_log as log
from headgate.adapters.sqlite_codec import decode_time, encode_time
from headgate.adapters.sqlite_database import Database
from headgate.adapters.sqlite_statements import first_value, insert
from headgate.core.errors import UsageError
from headgate.core.records import Event
from headgate.core.totp import Factor, Factors

_FACTOR = "SELECT * FROM factors WHERE account = :account"


class SqliteFactors(Factors):
    """The part of SqliteAccounts that keeps second factors."""

    _database: Database

    def add_factor(self, factor: Factor, recovery: Collection[str], *, by: str) -> None:
        """Ask for codes from now on, with the event `totp_on`; UsageError where there is a factor already."""
        line = {
            "account": factor.account,
            "secret": factor.secret,
            "made_at": encode_time(factor.made_at),
            "step": factor.step,
        }
        with self._database.writing() as connection:
            if first_value(connection, _FACTOR, {"account": factor.account}) is not None:
                raise UsageError("Codes are asked for already. Next: turn that off first.")
            insert(connection, "factors", [line])
            insert(connection, "recovery_codes", [{"account": factor.account, "sha256": one} for one in recovery])
            event = Event(type="totp_on", fields={"account": factor.account, "by": by})
            log.append_events(connection, [event], at=factor.made_at)

    def factor(self, account: str) -> Factor | None:
        """The account's factor."""
        with self._database.reading() as connection:
            row = connection.execute(_FACTOR, {"account": account}).fetchone()
        if row is None:
            return None
        return Factor(account=account, secret=row["secret"], made_at=decode_time(row["made_at"]), step=row["step"])

    def use_step(self, account: str, step: int) -> bool:
        """Use a step up; False where it, or a later one, was used."""
        sql = "UPDATE factors SET step = :step WHERE account = :account AND step < :step"
        with self._database.writing() as connection:
            return connection.execute(sql, {"account": account, "step": step}).rowcount == 1

    def use_recovery(self, account: str, sha256: str, *, at: datetime) -> bool:
        """Use a recovery code up, with the event `recovery_code_used`; False where there is none such."""
        sql = "DELETE FROM recovery_codes WHERE account = :account AND sha256 = :sha256"
        with self._database.writing() as connection:
            if connection.execute(sql, {"account": account, "sha256": sha256}).rowcount == 0:
                return False
            log.append_events(connection, [Event(type="recovery_code_used", fields={"account": account})], at=at)
        return True

    def recovery_left(self, account: str) -> int:
        """How many recovery codes were not used."""
        sql = "SELECT count(*) FROM recovery_codes WHERE account = :account"
        with self._database.reading() as connection:
            left: int = first_value(connection, sql, {"account": account})
        return left

    def drop_factor(self, account: str, *, at: datetime, by: str) -> bool:
        """Ask for no code any more, with the event `totp_off`; False where none was asked for."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM recovery_codes WHERE account = :account", {"account": account})
            sql = "DELETE FROM factors WHERE account = :account"
            if connection.execute(sql, {"account": account}).rowcount == 0:
                return False
            log.append_events(connection, [Event(type="totp_off", fields={"account": account, "by": by})], at=at)
        return True
