"""After any sequence of changes the stored tree is that of the events, and the events are in order."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from headgate.adapters.sqlite_ledger import SqliteLedger
from headgate.core.errors import HeadgateError
from headgate.core.merkle import root
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Arrival, Event, Move
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState, is_legal
from headgate.core.tree_hash import RunningTree

AT = datetime(2026, 3, 1, tzinfo=UTC)


class LogOfAnySequence(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.ledger = SqliteLedger("sqlite://")
        self.tree = RunningTree()
        self.expected: list[tuple[str, str | None]] = []

    def teardown(self) -> None:
        self.ledger.close()

    @rule(types=st.lists(st.sampled_from(["seen", "read", "späť"]), max_size=9))
    def append(self, types: list[str]) -> None:
        self.ledger.append([Event(type=type_) for type_ in types], at=AT)
        self.expected += [(type_, None) for type_ in types]

    @rule(contents=st.lists(st.integers(0, 12), max_size=5))
    def register(self, contents: list[int]) -> None:
        before = {delivery.id for delivery in self.ledger.deliveries(DeliveryFilter())}
        arrivals = [
            Arrival(flow="f", name="n", origin="o", sender="s", sha256=f"{n:064x}", size_bytes=n, form={})
            for n in contents
        ]
        self.ledger.register(arrivals, run="r", at=AT)
        for delivery in self.ledger.deliveries(DeliveryFilter()):
            if delivery.id not in before:
                self.expected += [("registered", delivery.id), (delivery.state.value, delivery.id)]

    @precondition(lambda self: self.ledger.deliveries(DeliveryFilter(limit=1)))
    @rule(state=st.sampled_from(DeliveryState), some=st.integers(1, 3))
    def advance(self, state: DeliveryState, some: int) -> None:
        chosen = self.ledger.deliveries(DeliveryFilter(limit=some))
        legal = all(delivery.state is state or is_legal(delivery.state, state) for delivery in chosen)
        try:
            self.ledger.advance([Move(after=replace(delivery, state=state)) for delivery in chosen], at=AT)
        except HeadgateError:
            assert not legal
        else:
            assert legal
            self.expected += [(state.value, delivery.id) for delivery in chosen]

    @invariant()
    def the_events_are_the_leaves(self) -> None:
        for leaf in self.ledger.leaves(self.tree.size):
            event = json.loads(leaf)
            assert (event["type"], event["delivery"]) == self.expected[self.tree.size]
            self.tree.add(leaf)
        assert self.tree.size == len(self.expected) == self.ledger.log_size()
        assert root(self.tree.size, self.ledger.nodes) == self.tree.root()


LogOfAnySequence.TestCase.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)
TestLogOfAnySequence = LogOfAnySequence.TestCase
