"""A small project whose held rows people decide on: two reviewers, and a clock that stands until it is moved."""

from __future__ import annotations

import itertools
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.harness.project import LANDING, all_deliveries, run_files
from tests.harness.small import FLOW, TASKS, contract, write_flow, write_rows

from headgate import pipeline
from headgate.core.accounts import Account
from headgate.core.cases import Act, Case, CaseFilter, Decision, DecisionState
from headgate.core.platform import Platform
from headgate.core.records import Delivery
from headgate.core.roles import Grant, Role
from headgate.deciding.desk import Desk
from headgate.deciding.execution import execute_due
from headgate.deciding.plan import ALL, plan
from headgate.deciding.proposal import Edit
from headgate.deciding.votes import agree, propose
from headgate.people import People, add_account
from headgate.project import enter_flows, load_flows
from headgate.serve.case_rows import Selection
from headgate.settings import read_settings
from headgate.wiring import open_accounts, open_cases, open_platform, open_upload_links

LIMIT = "parameters: {limit: {type: integer, default: 100}}\n"
ANY_SHARE = "check: {accept_at_least: 0}\n"
RULES = """\
      - {id: limited, type: custom, engine: headgate, implementation: amount <= $limit,
         customProperties: [{property: reasonCode, value: over_limit}, {property: column, value: amount}]}
      - {id: even, type: custom, engine: headgate, implementation: amount % 2 = 1,
         customProperties: [{property: reasonCode, value: not_odd}, {property: column, value: amount}]}"""
"""`limited` holds what is over 100, `even` what is even; so 102 breaks both, and `limited` leads."""
UNDO_S = 30


@dataclass(slots=True)
class Office:
    """A project, its desk, and two people who may decide."""

    folder: Path
    budget: Mapping[str, Any] = field(default_factory=dict)
    now: datetime = LANDING
    platform: Platform = field(init=False)
    desk: Desk = field(init=False)
    people: dict[str, Account] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    opened: bool = False

    @property
    def project(self) -> Path:
        return self.folder / "p"

    def write(
        self,
        *,
        contract_text: str | None = None,
        flow: str = FLOW + ANY_SHARE + LIMIT,
        files: Mapping[str, str] | None = None,
    ) -> Office:
        """Write the flow, and open the project under it."""
        text = contract(rules=RULES) if contract_text is None else contract_text
        write_flow(self.project, flow, contract_text=text, files=TASKS if files is None else files)
        return self.open()

    def open(self) -> Office:
        """Open the project as another process would."""
        self.close()
        settings = read_settings(self.project, {}, **self.budget)
        self.platform = open_platform(settings, load_flows(settings), clock=self._tick)
        enter_flows(self.platform)
        people = People(accounts=open_accounts(settings), clock=lambda: self.now, random=secrets.token_bytes)
        links = open_upload_links(settings)
        self.desk = Desk(platform=self.platform, cases=open_cases(settings), people=people, links=links)
        self.opened = True
        self.people = {one.name: one for one in people.accounts.accounts()}
        if not self.people:
            for name in ("ada", "bob"):
                self.add(name)
        return self

    def add(self, name: str, *roles: Role) -> Account:
        """Another account; a reviewer where no role is named."""
        grants = [Grant(role=role) for role in roles or (Role.REVIEWER,)]
        self.people[name] = add_account(self.desk.people, name, grants, by="command")
        return self.people[name]

    def close(self) -> None:
        """Give connections back."""
        if self.opened:
            self.platform.ledger.close()
            self.desk.cases.close()
            self.desk.links.close()
            self.desk.people.accounts.close()
            self.opened = False

    def deliver(self, *rows: Mapping[str, Any], name: str = "") -> Delivery:
        """A file of these rows, taken as far as it goes."""
        number = next(self.numbers)
        return self.deliver_file(write_rows(self.folder / str(number), name or f"{number}.json", rows))

    def deliver_bytes(self, name: str, content: bytes) -> Delivery:
        """A file of these bytes."""
        place = self.folder / str(next(self.numbers)) / name
        place.parent.mkdir()
        place.write_bytes(content)
        return self.deliver_file(place)

    def deliver_file(self, file: Path) -> Delivery:
        """The file, taken as far as it goes."""
        run_files(self.platform, [file])
        return all_deliveries(self.platform)[-1]

    def cases(self, **which: Any) -> list[Case]:  # noqa: ANN401  fields of a filter
        """Open cases."""
        return self.desk.cases.cases(CaseFilter(**which))

    def case(self, code: str = "over_limit") -> Case:
        """The one open case of that reason."""
        (found,) = self.cases(code=code)
        return found

    def proposed(
        self,
        case: Case,
        act: Act,
        *,
        rows: Sequence[int] | None = None,
        edits: Mapping[int, Mapping[str, str | None]] | None = None,
        by: str = "ada",
    ) -> Decision:
        """A decision that `ada` proposes; with that she agrees, unless it is a correction."""
        selection = ALL if rows is None else Selection(rows=tuple(rows))
        listed = [Edit(row=row, values=values) for row, values in (edits or {}).items()]
        planned = plan(self.desk, case, act, selection=selection, edits=listed)
        return propose(self.desk, planned, by=self.people[by], reason="because ada-says-so")

    def decided(self, case: Case, act: Act, **how: Any) -> Decision:  # noqa: ANN401  as `proposed` takes them
        """The same, with as many votes as are needed."""
        decision = self.proposed(case, act, **how)
        if decision.state is DecisionState.PROPOSED:
            decision = agree(self.desk, decision, by=self.people["bob"], digest=decision.digest)
        assert decision.state is DecisionState.DECIDED, decision
        return decision

    def execute(self) -> list[Decision]:
        """What happens once the time for undo is over."""
        self.now += timedelta(seconds=UNDO_S)
        return execute_due(self.desk)

    def settle(self, case: Case, act: Act, **how: Any) -> Delivery:  # noqa: ANN401  as `proposed` takes them
        """Decide, execute, and publish; the amendment, or the delivery that went on."""
        self.decided(case, act, **how)
        (done,) = self.execute()
        assert done.state is DecisionState.EXECUTED, done.note
        pipeline.work(self.platform)
        return self.delivery(done.amendment or "")

    def delivery(self, id_: str) -> Delivery:
        """A delivery as it stands."""
        return next(one for one in all_deliveries(self.platform) if one.id == id_)

    def leaves(self) -> list[dict[str, Any]]:
        """All events."""
        return [json.loads(leaf) for leaf in self.platform.ledger.leaves()]

    @property
    def _tick(self) -> Callable[[], datetime]:
        count = itertools.count()
        return lambda: self.now + timedelta(milliseconds=next(count))


def counted(one: Delivery) -> tuple[int, int, int, int, int]:
    """Received, accepted, held, rejected, duplicate."""
    assert one.counts is not None, one.note
    counts = one.counts
    return counts.received, counts.accepted, counts.held, counts.rejected, counts.duplicate
