"""The queue under whatever comes: several consumers that die, time that passes, processes that are killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.harness.queue_time import pass_time

from headgate.adapters.sqlite_queue import SqliteQueue
from headgate.core.errors import LeaseLostError
from headgate.core.queue import Leased, Message, QueueCounts

ROOT = Path(__file__).parents[3]
TTL_S = 60.0
MOST = 3
KEYS = ("sales", "retail", "")


class Consumers(RuleBasedStateMachine):
    """Several that lease, do, give back, lay aside, or die with what they hold."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.place = Path(self.folder.name) / "ledger.db"
        self.queue = SqliteQueue(f"sqlite:///{self.place}", name="q", most_deliveries=MOST)
        self.now = 0.0
        self.sent: list[str] = []
        self.order: dict[str, list[str]] = {key: [] for key in KEYS}  # ids that are neither done nor dead
        self.held: list[tuple[Leased, float]] = []  # with when it ends; died ones among them
        self.done: Counter[str] = Counter()
        self.tries: Counter[str] = Counter()
        self.dead: set[str] = set()

    def teardown(self) -> None:
        self.queue.close()
        self.folder.cleanup()

    @rule(key=st.sampled_from(KEYS), count=st.integers(1, 3))
    def send(self, key: str, count: int) -> None:
        ids = [f"m{len(self.sent) + place}" for place in range(count)]
        assert self.queue.send([Message(id=id_, key=key, body=key) for id_ in ids]) == count
        self.sent += ids
        self.order[key] += ids

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(self.sent))
        assert self.queue.send([Message(id=id_, body="again")]) == 0

    @rule(most=st.integers(1, 4))
    def lease(self, most: int) -> None:
        self._bury()
        leased = self.queue.lease(most=most, ttl_s=TTL_S)
        held = {one.id for one in self._standing()}
        for one in leased:
            assert one.id not in held, "leased twice at a time"
            if one.key:
                assert one.id == self.order[one.key][0], "not the first of its key"
            self.tries[one.id] += 1
            assert one.deliveries == self.tries[one.id] <= MOST
            self.held.append((one, self.now + TTL_S))
        assert len({one.key for one in leased if one.key}) == sum(1 for one in leased if one.key)
        free = [ids[0] for key, ids in self.order.items() if key and ids and ids[0] not in held]
        free += [id_ for id_ in self.order[""] if id_ not in held]
        assert len(leased) == min(most, len(free)), "something waits that nobody was given"

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def complete(self, data: st.DataObject) -> None:
        one = self._drawn(data)
        if one in self._standing():
            self.queue.complete(one)
            self.done[one.id] += 1
            self._forget(one)
        else:
            with pytest.raises(LeaseLostError):
                self.queue.complete(one)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        one = self._drawn(data)
        if one in self._standing():
            self.queue.abandon(one)
            self.held = [(other, end) for other, end in self.held if other != one]
        else:
            with pytest.raises(LeaseLostError):
                self.queue.abandon(one)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def lay_aside(self, data: st.DataObject) -> None:
        one = self._drawn(data)
        if one in self._standing():
            self.queue.dead_letter(one, reason="r", description="d")
            self.dead.add(one.id)
            self._forget(one)
        else:
            with pytest.raises(LeaseLostError):
                self.queue.dead_letter(one, reason="r", description="d")

    @rule(seconds=st.sampled_from([10.0, 35.0, 70.0]))
    def time_passes(self, seconds: float) -> None:
        """Whoever holds something and does not come back is as good as dead."""
        pass_time(self.place, seconds)
        self.now += seconds

    @precondition(lambda self: self.dead)
    @rule(data=st.data())
    def put_back(self, data: st.DataObject) -> None:
        self._bury()
        id_ = data.draw(st.sampled_from(sorted(self.dead)))
        (dead,) = (one for one in self.queue.dead_letters() if one.id == id_)
        self.queue.put_back(dead.number)
        self.dead.discard(id_)
        self.tries[id_] = 0
        self.order[dead.key].append(id_)

    @invariant()
    def nothing_is_lost_and_nothing_done_twice(self) -> None:
        self._bury()
        waiting = {id_ for ids in self.order.values() for id_ in ids}
        assert {one.id for one in self.queue.dead_letters()} == self.dead
        counts = self.queue.counts()
        assert counts.waiting + counts.leased == len(waiting)
        assert counts.leased == len(self._standing())
        assert set(self.done.values()) <= {1}
        assert sorted(self.sent) == sorted([*waiting, *self.dead, *self.done])

    def _drawn(self, data: st.DataObject) -> Leased:
        return data.draw(st.sampled_from([one for one, _ in self.held]))

    def _standing(self) -> list[Leased]:
        return [one for one, end in self.held if self.now < end]

    def _forget(self, one: Leased) -> None:
        self.order[one.key].remove(one.id)
        self.held = [(other, end) for other, end in self.held if other != one]

    def _bury(self) -> None:
        """What was given too often, and is held by nobody."""
        held = {one.id for one in self._standing()}
        for ids in self.order.values():
            for id_ in [id_ for id_ in ids if self.tries[id_] >= MOST and id_ not in held]:
                ids.remove(id_)
                self.dead.add(id_)


TestConsumers = Consumers.TestCase
TestConsumers.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)

CONSUMER = """
import json, os, sys, time
from headgate.adapters.sqlite_queue import SqliteQueue
from headgate.core.errors import LeaseLostError
from headgate.core.queue import QueueCounts
queue = SqliteQueue("sqlite:///" + sys.argv[1], name="q", most_deliveries=1000)
out = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def tell(what, one):
    os.write(out, (json.dumps([what, one.key, int(one.id), one.token]) + "\\n").encode())
while queue.counts() != QueueCounts():
    for one in queue.lease(most=2, ttl_s=0.5):
        tell("begun", one)
        time.sleep(0.002)
        try:
            queue.complete(one)
        except LeaseLostError:
            continue
        tell("done", one)
"""


@pytest.mark.parametrize("seed", [1])
def test_processes_that_are_killed_lose_nothing(tmp_path: Path, seed: int) -> None:
    """Three processes consume, and one after the other is killed and started anew."""
    place, out = tmp_path / "ledger.db", tmp_path / "told"
    count, keys, kills = 240, 6, 12
    queue = SqliteQueue(f"sqlite:///{place}", name="q")
    queue.send([Message(id=str(number), key=f"k{number % keys}", body="{}") for number in range(count)])
    drawn = random.Random(seed)  # noqa: S311  nothing secret

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", CONSUMER, str(place), str(out)], cwd=ROOT)

    alive = [start() for _ in range(3)]
    killed = 0
    ends = time.monotonic() + 90
    while any(one.poll() is None for one in alive) and time.monotonic() < ends:
        time.sleep(drawn.uniform(0.02, 0.12))
        victim = drawn.randrange(3)
        if killed < kills and alive[victim].poll() is None and out.exists() and out.stat().st_size:
            os.kill(alive[victim].pid, signal.SIGKILL)
            killed += alive[victim].wait() == -signal.SIGKILL
            alive[victim] = start()
    statuses = [one.wait(timeout=30) for one in alive]
    assert statuses == [0, 0, 0]
    assert killed >= 3
    assert (queue.counts(), queue.dead_letters()) == (QueueCounts(), [])
    queue.close()
    told = [json.loads(line) for line in out.read_text().splitlines()]
    done = Counter(number for what, _, number, _ in told if what == "done")
    begun = Counter(number for what, _, number, _ in told if what == "begun")
    assert set(begun) == set(range(count)), "nothing is lost"
    assert set(done.values()) == {1}, "nothing is completed twice"
    assert len(done) >= count - killed * 2  # a kill may fall between a completion and the word of it
    for key in range(keys):
        tokens = [(token, number) for what, of, number, token in told if what == "begun" and of == f"k{key}"]
        numbers = [number for _, number in sorted(tokens)]
        assert numbers == sorted(numbers), "in the order of the key, however often"
