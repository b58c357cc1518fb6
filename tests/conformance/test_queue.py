"""What every queue must do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from tests.harness.queue_time import pass_time

from headgate.adapters.sqlite_queue import SqliteQueue
from headgate.core.errors import LeaseLostError, NotFoundError
from headgate.core.queue import (
    DUPLICATES_S,
    MOST_BODY_BYTES,
    MOST_DELIVERIES,
    TOO_MANY_DELIVERIES,
    Leased,
    Message,
    Queue,
    QueueCounts,
)

Later = Callable[[float], None]


def message(id_: str, key: str = "", *, in_s: float | None = None) -> Message:
    due = None if in_s is None else datetime.now(UTC) + timedelta(seconds=in_s)
    return Message(id=id_, key=key, body=f"body of {id_}", not_before=due)


def only(queue: Queue, *, ttl_s: float = 60.0) -> Leased:
    (leased,) = queue.lease(ttl_s=ttl_s)
    return leased


def ids(leased: list[Leased]) -> list[str]:
    return [one.id for one in leased]


class QueueContract:
    """Inherit, and give `queue` and `later`, which lets time pass for it."""

    def test_what_is_sent_is_leased_and_done(self, queue: Queue) -> None:
        assert queue.lease() == []
        assert queue.send([message("a", "sales")]) == 1
        leased = only(queue)
        assert (leased.id, leased.key, leased.body, leased.deliveries) == ("a", "sales", "body of a", 1)
        assert timedelta(seconds=59) < leased.locked_until - datetime.now(UTC) <= timedelta(seconds=61)
        assert queue.lease() == []
        queue.complete(leased)
        assert queue.counts() == QueueCounts()
        with pytest.raises(LeaseLostError):
            queue.complete(leased)

    def test_those_that_wait_longest_come_first(self, queue: Queue) -> None:
        queue.send([message("a"), message("b")])
        queue.send([message("c")])
        assert ids(queue.lease(most=2)) == ["a", "b"]
        assert ids(queue.lease(most=2)) == ["c"]

    def test_nothing_sent_is_nothing(self, queue: Queue) -> None:
        assert queue.send([]) == 0
        assert queue.counts() == QueueCounts()

    def test_a_second_one_of_an_id_is_dropped_for_a_while(self, queue: Queue, later: Later) -> None:
        assert queue.send([message("a"), message("a")]) == 1
        queue.complete(only(queue))
        assert queue.send([message("a"), message("b")]) == 1
        queue.complete(only(queue))
        later(DUPLICATES_S - 60)
        assert queue.send([message("a")]) == 0
        later(120)
        assert queue.send([message("a")]) == 1
        assert only(queue).id == "a"

    def test_two_queues_know_nothing_of_each_other(self, queue: Queue, other: Queue) -> None:
        queue.send([message("a")])
        assert other.lease() == []
        assert other.send([message("a")]) == 1
        other.complete(only(other))
        assert queue.counts().waiting == 1

    def test_the_later_ones_of_a_key_wait(self, queue: Queue) -> None:
        queue.send([message("a1", "a"), message("a2", "a"), message("b1", "b"), message("n1"), message("n2")])
        first = queue.lease(most=10)
        assert ids(first) == ["a1", "b1", "n1", "n2"]
        assert queue.lease(most=10) == []
        queue.complete(first[0])
        assert only(queue).id == "a2"

    def test_what_is_given_back_keeps_its_place(self, queue: Queue, later: Later) -> None:
        queue.send([message("a1", "a"), message("a2", "a")])
        queue.abandon(only(queue))
        again = only(queue)
        assert (again.id, again.deliveries) == ("a1", 2)
        queue.abandon(again, delay_s=30)
        assert queue.lease(most=10) == []  # nor the one behind it
        assert queue.counts() == QueueCounts(waiting=2)
        later(31)
        assert only(queue).id == "a1"

    def test_a_lease_that_ended_is_no_lease(self, queue: Queue, later: Later) -> None:
        queue.send([message("a1", "a"), message("a2", "a")])
        lost = only(queue, ttl_s=10)
        later(11)
        for say in (queue.complete, queue.abandon, queue.renew):
            with pytest.raises(LeaseLostError, match="a1"):
                say(lost)
        taken = only(queue)
        assert (taken.id, taken.deliveries) == ("a1", 2)
        assert taken.token > lost.token
        with pytest.raises(LeaseLostError):
            queue.dead_letter(lost, reason="x", description="y")
        queue.complete(taken)
        assert only(queue).id == "a2"

    def test_a_lease_that_is_renewed_lasts(self, queue: Queue, later: Later) -> None:
        queue.send([message("a")])
        leased = only(queue, ttl_s=10)
        later(8)
        renewed = queue.renew(leased, ttl_s=10)
        later(8)
        assert queue.lease() == []
        assert renewed.token == leased.token
        queue.complete(renewed)

    def test_a_later_time_is_waited_for(self, queue: Queue, later: Later) -> None:
        queue.send([message("later", "a", in_s=60), message("now", "a"), message("sooner", "a", in_s=30)])
        assert queue.counts() == QueueCounts(waiting=1, scheduled=2)
        queue.complete(only(queue))
        assert queue.lease(most=10) == []
        later(61)
        queue.send([message("last", "a")])
        for expected in ("sooner", "later", "last"):
            leased = only(queue)
            assert leased.id == expected
            queue.complete(leased)

    def test_a_time_that_has_passed_is_now(self, queue: Queue) -> None:
        queue.send([message("a", in_s=-5)])
        assert only(queue).id == "a"

    def test_after_too_many_deliveries_it_is_dead(self, queue: Queue, later: Later) -> None:
        queue.send([message("a1", "a"), message("a2", "a")])
        for number in range(MOST_DELIVERIES):
            leased = only(queue, ttl_s=10)
            assert (leased.id, leased.deliveries) == ("a1", number + 1)
            if number % 2:
                queue.abandon(leased)
            else:
                later(11)  # whoever had it died
        (dead,) = queue.dead_letters()
        assert (dead.id, dead.key, dead.reason, dead.deliveries) == ("a1", "a", TOO_MANY_DELIVERIES, MOST_DELIVERIES)
        assert only(queue).id == "a2"

    def test_a_dead_letter_says_why_and_is_put_back(self, queue: Queue) -> None:
        queue.send([message("a1", "a"), message("a2", "a")])
        queue.dead_letter(only(queue), reason="refused", description="status 404")
        assert queue.counts() == QueueCounts(waiting=1, dead=1)
        (dead,) = queue.dead_letters()
        assert (dead.id, dead.body, dead.reason, dead.description) == ("a1", "body of a1", "refused", "status 404")
        assert dead.died_at >= dead.sent_at
        queue.put_back(dead.number)
        assert queue.dead_letters() == []
        for expected in ("a2", "a1"):
            leased = only(queue)
            assert (leased.id, leased.deliveries) == (expected, 1)
            queue.complete(leased)
        with pytest.raises(NotFoundError, match="no dead letter"):
            queue.put_back(dead.number)

    def test_dead_letters_come_in_parts(self, queue: Queue) -> None:
        queue.send([message(f"m{number}") for number in range(5)])
        for leased in queue.lease(most=5):
            queue.dead_letter(leased, reason="r", description="d")
        first = queue.dead_letters(most=3)
        assert [one.id for one in first] == ["m0", "m1", "m2"]
        assert [one.id for one in queue.dead_letters(after=first[-1].number)] == ["m3", "m4"]

    def test_what_waits_cannot_be_put_back(self, queue: Queue) -> None:
        queue.send([message("a")])
        leased = only(queue)
        with pytest.raises(NotFoundError):
            queue.put_back(leased.number)
        queue.complete(leased)

    def test_odd_bodies_come_back_as_they_are(self, queue: Queue) -> None:
        body = "\N{SNOWMAN}\x00' OR 1=1 --\r\n" + "x" * 50_000
        queue.send([Message(id="'; DROP TABLE messages; --", key="\N{SNOWMAN}", body=body)])
        leased = only(queue)
        assert (leased.id, leased.key, leased.body) == ("'; DROP TABLE messages; --", "\N{SNOWMAN}", body)

    def test_many_at_once_never_get_the_same(self, queue: Queue) -> None:
        queue.send([message(f"m{number}", f"k{number % 3}") for number in range(30)])
        got: list[str] = []

        def consume() -> None:
            while queue.counts() != QueueCounts():
                for leased in queue.lease():
                    got.append(leased.id)
                    queue.complete(leased)

        threads = [Thread(target=consume) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(got) == sorted(f"m{number}" for number in range(30))
        for key in range(3):
            numbers = [int(id_[1:]) for id_ in got if int(id_[1:]) % 3 == key]
            assert numbers == sorted(numbers)


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "", "body": ""},
        {"id": "x" * 129, "body": ""},
        {"id": "x", "body": "", "key": "k" * 129},
        {"id": "x", "body": "\N{SNOWMAN}" * (MOST_BODY_BYTES // 3 + 1)},
        {"id": "x", "body": "", "not_before": datetime(2026, 3, 1)},  # noqa: DTZ001  that is the fault
    ],
    ids=["no id", "long id", "long key", "large", "no zone"],
)
def test_no_message(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"characters|bytes|time zone"):
        Message(**fields)  # type: ignore[arg-type]


class TestSqlite(QueueContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        return tmp_path / "ledger.db"

    @pytest.fixture
    def queue(self, place: Path) -> Iterator[Queue]:
        opened = SqliteQueue(f"sqlite:///{place}", name="one")
        yield opened
        opened.close()

    @pytest.fixture
    def other(self, place: Path) -> Iterator[Queue]:
        opened = SqliteQueue(f"sqlite:///{place}", name="another")
        yield opened
        opened.close()

    @pytest.fixture
    def later(self, place: Path) -> Later:
        return lambda seconds: pass_time(place, seconds)
