"""What every keeper of accounts must do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from headgate.adapters.sqlite_accounts import SqliteAccounts
from headgate.adapters.sqlite_ledger import SqliteLedger
from headgate.core.accounts import FIRST_WAIT, FREE_TRIES, Account, Accounts, Link, Purpose, Session
from headgate.core.errors import NotFoundError, UsageError
from headgate.core.records import Event
from headgate.core.replacing import replace
from headgate.core.roles import Grant, Permission, Role
from headgate.core.tokens import MOST_TOKENS, Token
from headgate.core.totp import Factor

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
REVIEWER = Grant(role=Role.REVIEWER, flow="sales")


def account(name: str, *grants: Grant) -> Account:
    return Account(id=f"a-{name}", name=name, grants=grants, made_at=AT)


def session(id_: str, of: str, *, at: datetime = AT) -> Session:
    return Session(id=id_, account=of, csrf="c", made_at=at, seen_at=at, expires_at=at + timedelta(days=1), agent="x")


def token(
    id_: str, of: str, *, at: datetime = AT, permissions: tuple[Permission, ...] = (Permission.SEE,), flow: str = ""
) -> Token:
    ends = at + timedelta(days=1)
    return Token(
        id=id_,
        account=of,
        sha256=f"of {id_}",
        name="n",
        permissions=permissions,
        flow=flow,
        made_at=at,
        expires_at=ends,
    )


class AccountsContract:
    """Inherit, and give `accounts` and `events`: what the log says so far."""

    def test_accounts_come_by_name_with_their_grants(self, accounts: Accounts) -> None:
        second = account("b", REVIEWER, Grant(role=Role.ANALYST))
        accounts.add(second, by="a-a")
        accounts.add(account("a"), by="a-a")
        assert [one.name for one in accounts.accounts()] == ["a", "b"]
        assert accounts.accounts(name="b") == [replace(second, grants=tuple(sorted(second.grants)))]
        assert accounts.accounts(ids=[]) == accounts.accounts(name="z") == []
        assert [one.name for one in accounts.accounts(ids=["a-a", "a-none"])] == ["a"]

    def test_a_name_is_taken_once(self, accounts: Accounts) -> None:
        accounts.add(account("a"), by="x")
        with pytest.raises(UsageError, match="already"):
            accounts.add(replace(account("a"), id="a-other"), by="x")
        assert len(accounts.accounts()) == 1

    def test_a_change_writes_its_event(self, accounts: Accounts, events: list[dict[str, object]]) -> None:
        accounts.add(account("a", REVIEWER), by="x")
        kept = "$argon2id$"
        changed = replace(account("a", Grant(role=Role.ADMIN)), password=kept, disabled_at=AT)
        accounts.change(changed, Event(type="grants_changed", fields={"account": "a-a"}), at=AT)
        assert accounts.accounts() == [changed]
        assert [event["type"] for event in events] == ["account_added", "grants_changed"]
        with pytest.raises(NotFoundError):
            accounts.change(account("b"), Event(type="grants_changed"), at=AT)
        assert len(events) == 2

    def test_wrong_passwords_make_the_next_wait(self, accounts: Accounts) -> None:
        accounts.add(account("a"), by="x")
        for _ in range(FREE_TRIES):
            accounts.count_try("a-a", at=AT)
        (found,) = accounts.accounts()
        assert (found.failures, found.locked_until) == (FREE_TRIES, None)
        assert accounts.count_try("a-a", at=AT) == FREE_TRIES + 1
        assert accounts.count_try("a-a", at=AT) is None
        assert accounts.accounts()[0].locked_until == AT + FIRST_WAIT
        accounts.start_session(session("s", "a-a"))
        assert (accounts.accounts()[0].failures, accounts.accounts()[0].locked_until) == (0, None)
        assert accounts.count_try("a-none", at=AT) is None

    def test_of_tries_at_the_same_moment_no_more_are_looked_at(self, accounts: Accounts) -> None:
        accounts.add(account("a"), by="x")
        with ThreadPoolExecutor(8) as threads:
            counted = list(threads.map(lambda _: accounts.count_try("a-a", at=AT), range(24)))
        assert sorted(one for one in counted if one is not None) == list(range(1, FREE_TRIES + 2))
        later = accounts.count_try("a-a", at=AT + FIRST_WAIT)
        assert later == FREE_TRIES + 2
        assert accounts.accounts()[0].locked_until == AT + FIRST_WAIT + 2 * FIRST_WAIT

    def test_a_try_that_was_right_is_taken_back_alone(self, accounts: Accounts) -> None:
        accounts.add(account("a"), by="x")
        for number in range(1, FREE_TRIES + 1):
            assert accounts.count_try("a-a", at=AT) == number
        accounts.count_try("a-a", at=AT)
        accounts.forgive_try("a-a", FREE_TRIES + 1)  # with the wait that it began
        assert (accounts.accounts()[0].failures, accounts.accounts()[0].locked_until) == (FREE_TRIES, None)
        accounts.count_try("a-a", at=AT)
        accounts.forgive_try("a-a", FREE_TRIES)  # another began the wait, and without this one there is none
        assert accounts.accounts()[0].locked_until is None
        accounts.count_try("a-a", at=AT)
        later = AT + FIRST_WAIT
        accounts.count_try("a-a", at=later)
        accounts.forgive_try("a-a", FREE_TRIES + 1)  # another began the wait, and there are enough without this one
        assert accounts.accounts()[0].locked_until == later + 2 * FIRST_WAIT
        accounts.forgive_try("a-none", 1)

    def test_sessions_end_once(self, accounts: Accounts, events: list[dict[str, object]]) -> None:
        accounts.add(account("a"), by="x")
        accounts.start_session(session("s1", "a-a"))
        accounts.start_session(session("s2", "a-a", at=AT + timedelta(hours=1)))
        assert [one.id for one in accounts.sessions("a-a")] == ["s2", "s1"]
        accounts.touch_session("s1", seen_at=AT + timedelta(hours=2))
        found = accounts.session("s1")
        assert found is not None
        assert found.seen_at == AT + timedelta(hours=2)
        assert accounts.end_sessions(["s1", "none"], at=AT, by="a-a") == 1
        assert accounts.end_sessions(["s1"], at=AT, by="a-a") == accounts.end_sessions([], at=AT, by="a-a") == 0
        assert accounts.session("s1") is None
        assert [event["type"] for event in events] == ["account_added", "signed_in", "signed_in", "signed_out"]

    def test_of_too_many_sessions_the_oldest_end(self, accounts: Accounts, events: list[dict[str, object]]) -> None:
        accounts.add(account("a"), by="x")
        accounts.add(account("b"), by="x")
        accounts.start_session(session("other", "a-b", at=AT - timedelta(days=1)), most=2)
        for hour in range(4):
            accounts.start_session(session(f"s{hour}", "a-a", at=AT + timedelta(hours=hour)), most=2)
        assert [one.id for one in accounts.sessions("a-a")] == ["s3", "s2"]
        assert [one.id for one in accounts.sessions("a-b")] == ["other"]
        ended = [event["fields"] for event in events if event["type"] == "signed_out"]
        assert ended == [{"account": "a-a", "by": "limit"}] * 2

    def test_a_link_works_once(self, accounts: Accounts) -> None:
        accounts.add(account("a"), by="x")
        link = Link(id="l", account="a-a", purpose=Purpose.INVITE, expires_at=AT + timedelta(hours=1))
        accounts.add_link(link, at=AT, by="x")
        assert accounts.use_link("l", at=AT) == link
        assert accounts.use_link("l", at=AT) is None
        assert accounts.use_link("never", at=AT) is None

    def test_a_link_that_expired_is_none(self, accounts: Accounts) -> None:
        accounts.add(account("a"), by="x")
        accounts.add_link(Link(id="l", account="a-a", purpose=Purpose.RESET, expires_at=AT), at=AT, by="x")
        assert accounts.use_link("l", at=AT) is None

    def test_a_link_for_two_at_the_same_moment_works_for_one(self, accounts: Accounts) -> None:
        accounts.add(account("a"), by="x")
        link = Link(id="l", account="a-a", purpose=Purpose.SIGN_IN, expires_at=AT + timedelta(hours=1))
        accounts.add_link(link, at=AT, by="x")
        got: list[Link | None] = []
        threads = [Thread(target=lambda: got.append(accounts.use_link("l", at=AT))) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(got, key=str) == sorted([link, *[None] * 5], key=str)

    def test_a_second_factor_stands_until_it_is_dropped(
        self, accounts: Accounts, events: list[dict[str, object]]
    ) -> None:
        accounts.add(account("a"), by="x")
        factor = Factor(account="a-a", secret=bytes(range(20)), made_at=AT, step=7)
        assert accounts.factor("a-a") is None
        accounts.add_factor(factor, ["r1", "r2"], by="a-a")
        with pytest.raises(UsageError, match="already"):
            accounts.add_factor(factor, [], by="a-a")
        assert accounts.factor("a-a") == factor
        assert accounts.accounts()[0].second_factor
        assert accounts.recovery_left("a-a") == 2
        assert not accounts.use_recovery("a-a", "none", at=AT)
        assert [accounts.use_recovery("a-a", "r1", at=AT) for _ in range(2)] == [True, False]
        assert accounts.recovery_left("a-a") == 1
        assert [accounts.drop_factor("a-a", at=AT, by="x") for _ in range(2)] == [True, False]
        assert (accounts.factor("a-a"), accounts.recovery_left("a-a")) == (None, 0)
        assert not accounts.accounts()[0].second_factor
        told = ["account_added", "totp_on", "recovery_code_used", "totp_off"]
        assert [event["type"] for event in events] == told

    def test_a_step_counts_once_and_none_before_it(self, accounts: Accounts) -> None:
        accounts.add(account("a"), by="x")
        accounts.add_factor(Factor(account="a-a", secret=bytes(20), made_at=AT, step=7), [], by="x")
        assert [accounts.use_step("a-a", step) for step in (6, 7, 9, 9, 8, 10)] == [
            False,
            False,
            True,
            False,
            False,
            True,
        ]
        assert not accounts.use_step("a-none", 99)
        got: list[bool] = []
        threads = [Thread(target=lambda: got.append(accounts.use_step("a-a", 20))) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(got) == [False] * 5 + [True]

    def test_an_identity_has_one_account(self, accounts: Accounts, events: list[dict[str, object]]) -> None:
        known = replace(account("a", REVIEWER), issuer="https://id.example", subject="4711")
        accounts.add(known, by="x")
        accounts.add(account("own"), by="x")
        assert accounts.account_of("https://id.example", "4711") == accounts.accounts(name="a")[0] == known
        for issuer, subject in (("https://id.example", "4712"), ("https://another.example", "4711"), ("", "")):
            assert accounts.account_of(issuer, subject) is None
        with pytest.raises(UsageError, match="identity"):
            accounts.add(replace(known, id="a-b", name="b"), by="x")
        assert [one.name for one in accounts.accounts()] == ["a", "own"]
        accounts.change(replace(known, grants=()), Event(type="grants_changed"), at=AT)
        assert accounts.account_of("https://id.example", "4711") == replace(known, grants=())
        assert "4711" not in str(list(events))

    def test_tokens_stand_until_they_are_revoked(self, accounts: Accounts, events: list[dict[str, object]]) -> None:
        for name in ("a", "b"):
            accounts.add(account(name), by="x")
        first = token("t-1", "a-a", permissions=(Permission.SEE, Permission.UPLOAD), flow="sales")
        second = token("t-2", "a-a", at=AT + timedelta(hours=1))
        for one in (first, second, token("t-3", "a-b")):
            accounts.add_token(one, by="a-a")
        assert accounts.tokens("a-a") == [second, first]
        assert accounts.token(first.sha256) == first
        assert accounts.token("unknown") is None
        accounts.touch_token("t-1", used_at=AT + timedelta(minutes=3))
        assert accounts.token(first.sha256) == replace(first, used_at=AT + timedelta(minutes=3))
        assert accounts.end_tokens("a-b", ["t-1"], at=AT, by="a-b") == 0  # another's
        assert accounts.end_tokens("a-a", ["t-1", "none"], at=AT, by="a-a") == 1
        assert accounts.token(first.sha256) is None
        told = [event for event in events if str(event["type"]).startswith("token_")]
        assert [event["type"] for event in told] == ["token_made"] * 3 + ["token_revoked"]
        assert told[-1]["fields"] == {"account": "a-a", "by": "a-a", "token": "t-1"}
        assert first.sha256 not in str(told)

    def test_an_account_has_so_many_tokens_and_no_more(self, accounts: Accounts) -> None:
        accounts.add(account("a"), by="x")
        for number in range(MOST_TOKENS):
            accounts.add_token(token(f"t-{number}", "a-a"), by="x")
        with pytest.raises(UsageError, match="revoke"):
            accounts.add_token(token("t-more", "a-a"), by="x")
        assert len(accounts.tokens("a-a")) == MOST_TOKENS

    def test_an_event_alone(self, accounts: Accounts, events: list[dict[str, object]]) -> None:
        accounts.tell(Event(type="access_refused", fields={"account": "a-a"}), at=AT)
        assert [event["type"] for event in events] == ["access_refused"]


class Events(list[dict[str, object]]):
    """The leaves of a ledger, read when they are looked at."""

    def __init__(self, ledger: SqliteLedger) -> None:
        super().__init__()
        self._ledger = ledger

    def __iter__(self) -> Iterator[dict[str, object]]:
        return iter([json.loads(leaf) for leaf in self._ledger.leaves()])

    def __len__(self) -> int:
        return self._ledger.log_size()


class TestSqlite(AccountsContract):
    @pytest.fixture
    def accounts(self, tmp_path: Path) -> Iterator[Accounts]:
        opened = SqliteAccounts(f"sqlite:///{tmp_path}/ledger.db")
        yield opened
        opened.close()

    @pytest.fixture
    def events(self, tmp_path: Path, accounts: Accounts) -> Iterator[Events]:
        del accounts  # opened before, so that the ledger is there
        ledger = SqliteLedger(f"sqlite:///{tmp_path}/ledger.db")
        yield Events(ledger)
        ledger.close()
