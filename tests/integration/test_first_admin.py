"""Who `headgate serve` prints a link for."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from headgate.adapters.sqlite_accounts import SqliteAccounts
from headgate.cli.web_server import first_admin
from headgate.core.accounts import Account, Purpose
from headgate.core.roles import Grant, Role
from headgate.people import People, make_link, set_disabled

ADMIN = (Grant(role=Role.ADMIN),)
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_an_admin_of_our_own_whoever_the_provider_signs_in(tmp_path: Path) -> None:
    kept = SqliteAccounts(f"sqlite:///{tmp_path}/ledger.db")
    people = People(accounts=kept, clock=lambda: AT, random=os.urandom)
    provided = Account(id="a-1", name="admin", grants=ADMIN, made_at=AT, issuer="https://id.example", subject="1")
    kept.add(provided, by="provider")
    own = first_admin(people)
    assert (own.name, own.grants, own.issuer) == ("admin-2", ADMIN, "")
    assert first_admin(people) == own
    assert make_link(people, own, Purpose.SIGN_IN, by="test")
    set_disabled(people, own, disabled=True, by="test")
    assert first_admin(people).name == "admin-3"
    kept.close()
