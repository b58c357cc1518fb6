"""Tokens of accounts in the ledger's database."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from headgate.adapters import sqlite_log as log
from headgate.adapters.sqlite_codec import decode_optional_time, decode_time, encode_optional_time, encode_time
from headgate.adapters.sqlite_database import Database
from headgate.adapters.sqlite_statements import first_value, insert, listed
from headgate.core.errors import UsageError
from headgate.core.records import Event
from headgate.core.roles import Permission
from headgate.core.tokens import MOST_TOKENS, Token, Tokens


class SqliteTokens(Tokens):
    """The part of SqliteAccounts that keeps tokens."""

    _database: Database

    def add_token(self, token: Token, *, by: str) -> None:
        """Enter a token, with the event `token_made`; UsageError where the account has MOST_TOKENS."""
        with self._database.writing() as connection:
            there = "SELECT count(*) FROM tokens WHERE account = :account"
            if first_value(connection, there, {"account": token.account}) >= MOST_TOKENS:
                raise UsageError(f"The account has {MOST_TOKENS} tokens already. Next: revoke one that is not used.")
            insert(connection, "tokens", [_encode(token)])
            fields = {
                "account": token.account,
                "by": by,
                "token": token.id,
                "permissions": [permission.value for permission in token.permissions],
            }
            log.append_events(connection, [Event(type="token_made", fields=fields)], at=token.made_at)

    def token(self, sha256: str) -> Token | None:
        """The token whose text has this hash."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT * FROM tokens WHERE sha256 = :sha256", {"sha256": sha256}).fetchone()
        return None if row is None else _decode(row)

    def tokens(self, account: str) -> list[Token]:
        """An account's tokens, the newest first; those that have expired too."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM tokens WHERE account = :account ORDER BY made_at DESC, id", {"account": account}
            ).fetchall()
        return [_decode(row) for row in rows]

    def touch_token(self, id_: str, *, used_at: datetime) -> None:
        """Note that a token was used; what a power loss forgets of that does no harm."""
        with self._database.writing(synced=False) as connection:
            values = {"at": encode_time(used_at), "id": id_}
            connection.execute("UPDATE tokens SET used_at = :at WHERE id = :id", values)

    def end_tokens(self, account: str, ids: Sequence[str], *, at: datetime, by: str) -> int:
        """Revoke tokens of an account, with the event `token_revoked` each; how many there were."""
        places, values = listed(ids)
        with self._database.writing() as connection:
            gone = connection.execute(
                f"DELETE FROM tokens WHERE account = :account AND id IN ({places}) RETURNING id",
                {"account": account, **values},
            ).fetchall()
            fields = [{"account": account, "by": by, "token": id_} for (id_,) in gone]
            log.append_events(connection, [Event(type="token_revoked", fields=one) for one in fields], at=at)
        return len(gone)


def _encode(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "account": token.account,
        "sha256": token.sha256,
        "name": token.name,
        "permissions": " ".join(token.permissions),
        "flow": token.flow,
        "made_at": encode_time(token.made_at),
        "expires_at": encode_time(token.expires_at),
        "used_at": encode_optional_time(token.used_at),
    }


def _decode(row: sqlite3.Row) -> Token:
    return Token(
        id=row["id"],
        account=row["account"],
        sha256=row["sha256"],
        name=row["name"],
        permissions=tuple(Permission(word) for word in row["permissions"].split()),
        flow=row["flow"],
        made_at=decode_time(row["made_at"]),
        expires_at=decode_time(row["expires_at"]),
        used_at=decode_optional_time(row["used_at"]),
    )
