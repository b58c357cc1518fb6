"""Server-sent events: who hears what, from where on, and when it ends."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from tests.harness.own_loop import in_own_loop
from tests.harness.project import all_deliveries, make_sales, run_files
from tests.harness.sites import MANY_CALLS
from tests.integration.web.conftest import HOST, Web

from headgate.core.accounts import SESSION_IDLE, Account
from headgate.core.ports import Ledger
from headgate.core.records import Event
from headgate.core.replacing import replace
from headgate.core.roles import Grant, Role
from headgate.core.sign_in_rules import SignInRules
from headgate.people import change_grants
from headgate.testing import Fault, faulty
from headgate.web.feed import KEPT, MOST_OF_ONE, Change, Feed, Lost

ANALYST = Grant(role=Role.ANALYST)
BEAT_S = 0.05


class Stream:
    """One open stream of the application, called as a server calls it."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.text = ""
        self.ended = False
        self.gone = asyncio.Event()

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.text += message.get("body", b"").decode()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line[6:]) for line in self.text.splitlines() if line.startswith("data: ")]

    @property
    def ids(self) -> list[int]:
        return [int(line[4:]) for line in self.text.splitlines() if line.startswith("id: ")]


@asynccontextmanager
async def listening(web: Web, cookie: str, *, heard: int | str | None = None) -> AsyncIterator[Stream]:
    stream = Stream()
    given = {"host": HOST, "accept": "text/event-stream", "cookie": f"{web.site.cookie}={cookie}"}
    if heard is not None:
        given["last-event-id"] = str(heard)
    scope = {
        "type": "http", "method": "GET", "path": "/live", "raw_path": b"/live", "query_string": b"", "root_path": "",
        "scheme": "https", "server": (HOST, 443), "client": ("127.0.0.1", 1), "http_version": "1.1",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()], "app": web.app,
    }  # fmt: skip
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await stream.gone.wait()
        return {"type": "http.disconnect"}

    async def run() -> None:
        await web.app(scope, receive, stream.send)  # type: ignore[arg-type]
        stream.ended = True

    task = asyncio.create_task(run())
    await until(lambda: stream.status != 0)
    if stream.status == 200:
        await until(lambda: "retry:" in stream.text)
    try:
        yield stream
    finally:
        stream.gone.set()
        await asyncio.wait_for(task, 10)


async def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110  what is waited for is not ours to signal
            await asyncio.sleep(0.01)


def cookie_of(web: Web, account: Account) -> str:
    value = web.signed_in(account).cookies.get(web.site.cookie)
    assert value
    return value


def run(web: Web, test: Coroutine[Any, Any, None]) -> None:
    web.app.state.feed = Feed(web.site.platform.ledger, look_s=0.02)
    web.app.state.beat_s = BEAT_S
    in_own_loop(test)


def tell(web: Web, *types: str) -> None:
    """Events of the sales delivery that change nothing."""
    one = all_deliveries(web.site.platform)[0]
    web.site.platform.ledger.append(
        [Event(type=type_, delivery=one.id) for type_ in types], at=web.site.platform.clock()
    )


def test_a_delivery_is_followed_to_its_end(web: Web, tmp_path: Path) -> None:
    cookie = cookie_of(web, web.account(ANALYST))
    files = make_sales(tmp_path / "more", count=30, seed=21, first_number=5_000).files

    async def test() -> None:
        async with listening(web, cookie) as stream:
            await asyncio.to_thread(run_files, web.site.platform, files, run="r-live")
            await until(lambda: any(one["type"] == "archived" for one in stream.events))
        assert [one["type"] for one in stream.events][:2] == ["registered", "landed"]
        assert {one["flow"] for one in stream.events} == {"sales"}
        assert stream.ids == sorted(set(stream.ids))
        assert set(stream.events[0]) == {"index", "at", "type", "flow", "delivery"}  # no name, no count
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in stream.headers["content-security-policy"]

    run(web, test())


def test_who_may_not_see_a_flow_hears_nothing_of_it(web: Web) -> None:
    stranger = cookie_of(web, web.account(Grant(role=Role.ANALYST, flow="retail")))
    known = cookie_of(web, web.account(Grant(role=Role.ANALYST, flow="sales")))

    async def test() -> None:
        async with listening(web, stranger) as one, listening(web, known) as other:
            await asyncio.to_thread(tell, web, "looked_at")
            await until(lambda: len(other.events) == 1)
            await asyncio.sleep(4 * BEAT_S)
            assert one.events == []
            assert ": still here" in one.text

    run(web, test())


def test_nothing_is_missed_over_a_cut(web: Web) -> None:
    cookie = cookie_of(web, web.account(ANALYST))

    async def test() -> None:
        async with listening(web, cookie) as stream:
            await asyncio.to_thread(tell, web, "first")
            await until(lambda: stream.ids != [])
        await asyncio.to_thread(tell, web, "second", "third")  # nobody listens
        async with listening(web, cookie, heard=stream.ids[-1]) as again:
            await until(lambda: len(again.events) == 2)
            assert [one["type"] for one in again.events] == ["second", "third"]
            async with listening(web, cookie, heard=stream.ids[-1]) as beside:  # while another listens
                await until(lambda: len(beside.events) == 2)

    run(web, test())


@pytest.mark.parametrize("heard", [0, 999_999_999])
def test_who_missed_too_much_is_told(web: Web, heard: int) -> None:
    cookie = cookie_of(web, web.account(ANALYST))
    tell(web, *(["noise"] * (KEPT + 5)))

    async def test() -> None:
        async with listening(web, cookie, heard=heard) as stream:
            await until(lambda: "event: lost" in stream.text)

    run(web, test())


def test_it_ends_with_the_session(web: Web) -> None:
    account = web.account(ANALYST)
    cookie = cookie_of(web, account)

    async def test() -> None:
        async with listening(web, cookie) as stream:
            (session,) = web.site.people.accounts.sessions(account.id)
            web.site.people.accounts.end_sessions([session.id], at=web.clock(), by="test")
            await asyncio.to_thread(tell, web, "after")
            await until(lambda: stream.ended)
            assert stream.events == []

    run(web, test())


def test_listening_keeps_no_session_alive(web: Web) -> None:
    account = web.account(ANALYST)
    cookie = cookie_of(web, account)
    (before,) = web.site.people.accounts.sessions(account.id)

    async def test() -> None:
        async with listening(web, cookie) as stream:
            web.clock.now += SESSION_IDLE - timedelta(minutes=1)
            await asyncio.sleep(4 * BEAT_S)
            assert not stream.ended
            assert web.site.people.accounts.sessions(account.id)[0].seen_at == before.seen_at
            web.clock.now += timedelta(minutes=2)
            await until(lambda: stream.ended)

    run(web, test())


def test_it_ends_when_a_role_is_taken_away(web: Web) -> None:
    account = web.account(ANALYST)
    cookie = cookie_of(web, account)

    async def test() -> None:
        async with listening(web, cookie) as stream:
            change_grants(web.site.people, account, [Grant(role=Role.UPLOADER)], by="test")
            await asyncio.to_thread(tell, web, "after")
            await until(lambda: stream.ended)
            assert stream.events == []

    run(web, test())


def test_it_ends_when_a_role_asks_for_a_second_factor(ruled: Callable[[SignInRules], Web]) -> None:
    web = ruled(replace(MANY_CALLS, second_factor=frozenset({Role.OPERATOR})))
    account = web.account(ANALYST)
    cookie = cookie_of(web, account)

    async def test() -> None:
        async with listening(web, cookie) as stream:
            operator = [ANALYST, Grant(role=Role.OPERATOR)]  # who sees the same flows
            await asyncio.to_thread(change_grants, web.site.people, account, operator, by="test")
            await until(lambda: stream.ended)

    run(web, test())


def test_so_many_pages_of_one_account_and_no_thread_for_any(web: Web) -> None:
    cookie = cookie_of(web, web.account(ANALYST))
    other = cookie_of(web, web.account(ANALYST))

    async def test() -> None:
        contexts = [listening(web, cookie) for _ in range(MOST_OF_ONE)]
        open_ones = [await context.__aenter__() for context in contexts]
        threads = threading.active_count()
        async with listening(web, cookie) as one_more:
            assert one_more.status == 429
        async with listening(web, other) as another:
            assert another.status == 200
            await asyncio.to_thread(tell, web, "heard_by_all")
            await until(lambda: all(stream.events for stream in [*open_ones, another]))
        assert threading.active_count() <= threads + 3  # the pool that reads, not one a listener
        for context in contexts:
            await context.__aexit__(None, None, None)
        assert web.app.state.feed.listeners == 0
        async with listening(web, cookie) as again:
            assert again.status == 200

    run(web, test())


def test_it_ends_with_the_server(web: Web) -> None:
    cookie = cookie_of(web, web.account(ANALYST))

    async def test() -> None:
        async with listening(web, cookie) as stream:
            web.app.state.feed.close()
            await until(lambda: stream.ended)

    run(web, test())


def test_another_kind_of_call_is_answered_at_once(web: Web) -> None:
    assert web.signed_in(web.account(ANALYST)).get("/live").status_code == 406


@pytest.mark.parametrize("heard", ["-1", "x", "9" * 400, "\u0663", "1\r\nevent: x"])
def test_a_strange_last_id_is_none(web: Web, heard: str) -> None:
    cookie = cookie_of(web, web.account(ANALYST))

    async def test() -> None:
        async with listening(web, cookie, heard=heard) as stream:
            await until(lambda: ": still here" in stream.text)
            assert stream.events == []

    run(web, test())


def test_the_feed_keeps_no_more_than_it_says(web: Web) -> None:
    async def test() -> None:
        feed = Feed(web.site.platform.ledger, look_s=0.01)
        heard: list[Change | Lost] = []
        listener = feed.listen("a-1", ("sales",), None, beat_s=0.5)
        assert await anext(listener) == []
        await asyncio.to_thread(tell, web, *(["noise"] * (KEPT + 50)))
        while len(heard) < KEPT:
            heard += await anext(listener)
        assert len(feed._changes) <= KEPT  # noqa: SLF001  what no page can see
        await listener.aclose()  # type: ignore[attr-defined]
        assert feed.listeners == 0

    in_own_loop(test())


class OnceBroken:
    """A ledger whose second look at its size fails as nobody expects."""

    def __init__(self, inner: Ledger) -> None:
        self.leaves = inner.leaves
        self._inner = inner
        self._looks = 0

    def log_size(self) -> int:
        self._looks += 1
        if self._looks == 2:
            raise ZeroDivisionError
        return self._inner.log_size()


@pytest.mark.parametrize("kind", ["unexpected", "busy"])
def test_a_fault_while_reading_is_got_over(web: Web, kind: str) -> None:
    cookie = cookie_of(web, web.account(ANALYST))
    ledger = web.site.platform.ledger

    async def test() -> None:
        busy = faulty(ledger, Fault(method="log_size", call=2))
        web.app.state.feed = Feed(busy if kind == "busy" else cast("Ledger", OnceBroken(ledger)), look_s=0.02)
        async with listening(web, cookie) as stream:
            if kind == "unexpected":
                await until(lambda: stream.ended)
            else:
                await asyncio.to_thread(tell, web, "sooner")
                await until(lambda: len(stream.events) == 1)
        async with listening(web, cookie) as again:
            await asyncio.to_thread(tell, web, "later")
            await until(lambda: len(again.events) == 1)

    run(web, test())
