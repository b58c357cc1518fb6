"""A proposal is replayed over what came before: what is foretold is what happens, and nothing changes by it."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.harness.office import ANY_SHARE, LIMIT, RULES, Office
from tests.harness.project import all_deliveries
from tests.harness.small import COLUMNS, FLOW, contract

from headgate import operations, pipeline
from headgate.core.flow_files import CONTRACT_FILE
from headgate.core.naming import quarantine_table
from headgate.core.platform import Platform
from headgate.core.records import Delivery, Move
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState
from headgate.deciding.replay import USUAL, replay
from headgate.deciding.replay_choice import Which, choose
from headgate.deciding.replay_judging import judge_again
from headgate.deciding.replay_ports import PinnedTables
from headgate.deciding.replay_proposal import Proposal, read_proposal
from headgate.deciding.replay_result import Replay
from headgate.deciding.replay_scratch import scratch

Verdicts = dict[tuple[str, int], tuple[str, tuple[str, ...]]]
"""(delivery, row) -> verdict and the codes that stand on it; rows that are accepted without a word are not there."""

HALF = "check: {accept_at_least: 0.5}\n"
KINDS = ("a", "b", "c")
MILDER = RULES.replace("id: limited,", "id: limited, severity: warning,")
POSITIVE = """\
      - {id: positive, type: custom, engine: headgate, implementation: amount > 0,
         customProperties: [{property: column, value: amount}]}"""
ALLOWED = "{name: kind, quality: [{metric: invalidValues, mustBe: 0, arguments: {validValues: [a, b]}}]}"
TWO_KEYS = "{name: kind, required: true, primaryKey: true, primaryKeyPosition: 2}"
OWN_TABLE = FLOW.split("tasks:", maxsplit=1)[0]
"""A flow without tasks: its one table has the contract's key."""


def versioned(text: str, version: str = "2.0.0") -> str:
    return text.replace("version: 1.0.0", f"version: {version}")


def changed(old: str, new: str) -> str:
    """The contract with other columns."""
    return versioned(contract(rules=RULES, columns=COLUMNS.replace(old, new)))


PROPOSALS: Mapping[str, Proposal] = {
    "a lower limit": Proposal(values={"limit": "50"}),
    "a higher limit": Proposal(values={"limit": "150"}),
    "a new rule": Proposal(contract_text=versioned(contract(rules=f"{RULES}\n{POSITIVE}"))),
    "a milder rule": Proposal(contract_text=versioned(contract(rules=MILDER))),
    "no rule": Proposal(contract_text=versioned(contract())),
    "a narrower enumeration": Proposal(contract_text=changed("{name: kind}", ALLOWED)),
    "a new column": Proposal(contract_text=changed("{name: kind}", "{name: kind}\n      - {name: note}")),
    "another key": Proposal(contract_text=changed("{name: kind}", TWO_KEYS)),
    "another type": Proposal(contract_text=changed("logicalType: integer", "logicalType: number")),
    "a rule and a limit": Proposal(
        contract_text=versioned(contract(rules=f"{RULES}\n{POSITIVE}")), values={"limit": "120"}
    ),
}


def as_json(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return json.dumps(list(rows)).encode()


def as_ndjson(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def as_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row)) or ["id", "amount", "day", "kind"]
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


WRITERS: Mapping[str, Callable[[Sequence[Mapping[str, Any]]], bytes]] = {
    "json": as_json,
    "ndjson": as_ndjson,
    "csv": as_csv,
}


def office_of(folder: Path, *, share: str = ANY_SHARE, flow: str = FLOW) -> Office:
    return Office(folder).write(flow=flow.replace('"*.json"', '"*.*"') + share + LIMIT)


def foretold(platform: Platform, proposal: Proposal, which: Which = USUAL) -> tuple[Verdicts, dict[str, str]]:
    """What the replay's own judgement says of each row, and which deliveries would fail."""
    flow = platform.flows["shop"]
    proposed = read_proposal(platform, flow, proposal)
    chosen = choose(platform, flow, which).deliveries
    own = replace(platform, tables=PinnedTables(platform.tables))
    with scratch(platform) as folder:
        judged = judge_again(own, proposed.flow, chosen, folder, values=proposed.values, stop=lambda: False)
        rows = [line for file in judged.quarantine for line in pq.read_table(file).to_pylist()]
    return _verdicts(rows), dict(judged.failed)


def found(platform: Platform) -> Verdicts:
    """What the quarantine says of each row that waits or stays out."""
    engine = platform.engine()
    try:
        standing = platform.tables.snapshot(quarantine_table("shop"))
        if standing is None:
            return {}
        engine.register("q", standing.files)
        rows = engine.table("SELECT _delivery, _row, verdict, reasons FROM q").to_pylist()
    finally:
        engine.close()
    return _verdicts(rows)


def _verdicts(rows: Sequence[Mapping[str, Any]]) -> Verdicts:
    return {
        (row["_delivery"], row["_row"]): (row["verdict"], tuple(sorted(reason["code"] for reason in row["reasons"])))
        for row in rows
    }


def put_in_force(office: Office, proposal: Proposal) -> None:
    """Make the proposal real, as people would."""
    for name, value in proposal.values.items():
        operations.change_parameter(office.platform, "shop", name, value, set_by="command", reason="agreed")
    if proposal.contract_text is not None:
        (office.project / "flows" / "shop" / CONTRACT_FILE).write_text(proposal.contract_text)
    office.open()


def check_again(office: Office, replayed: Sequence[str]) -> None:
    """Check all of them again in one run; what is held for its columns wakes by itself."""
    for one in all_deliveries(office.platform):
        if one.id in replayed and one.state is DeliveryState.ARCHIVED:
            operations.reprocess(office.platform, one, values={})
    pipeline.resume(office.platform)
    pipeline.work(office.platform)


def matrix(before: Verdicts, after: Verdicts, received: int) -> Counter[tuple[str, str]]:
    """Rows by verdict before and after."""
    cells = Counter(
        (before.get(row, ("accepted",))[0], after.get(row, ("accepted",))[0]) for row in before.keys() | after.keys()
    )
    cells["accepted", "accepted"] += received - sum(cells.values())
    return +cells


def told(replayed: Replay) -> Counter[tuple[str, str]]:
    return Counter({(cell.now, cell.then): cell.rows for cell in replayed.cells})


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from([f"k{number}" for number in range(7)]),
            "amount": st.sampled_from([1, 3, 51, 77, 101, 102, 149, 150, 201, -5]),
            "day": st.just("2026-11-01"),
            "kind": st.sampled_from(KINDS),
        }
    ),
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize("form", WRITERS)
@settings(
    max_examples=8, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(
    deliveries=st.lists(ROWS, min_size=1, max_size=3), change=st.sampled_from(sorted(PROPOSALS)), whole=st.booleans()
)
def test_what_is_foretold_is_what_a_real_run_comes_to(
    tmp_path_factory: pytest.TempPathFactory,
    form: str,
    deliveries: list[list[dict[str, Any]]],
    change: str,
    whole: bool,  # noqa: FBT001  hypothesis gives it by name
) -> None:
    proposal = PROPOSALS[change]
    flow = OWN_TABLE if change == "another key" else FLOW
    office = office_of(tmp_path_factory.mktemp("replay"), share=HALF if whole else ANY_SHARE, flow=flow)
    try:
        for number, rows in enumerate(deliveries):
            office.deliver_bytes(f"{number}.{form}", WRITERS[form](rows))
        before = found(office.platform)
        replayed = replay(office.platform, office.platform.flows["shop"], proposal)
        verdicts, failed = foretold(office.platform, proposal)
        put_in_force(office, proposal)
        waking = {one.id for one in all_deliveries(office.platform) if one.state is DeliveryState.ARCHIVED}
        for one in all_deliveries(office.platform):  # as a repair does: what is held as a whole is checked again too
            if one.state is DeliveryState.HELD:
                _wake(office.platform, one)
        check_again(office, sorted(waking))
        after = all_deliveries(office.platform)
        assert {one.id for one in after if one.state is DeliveryState.FAILED} == set(failed)
        if failed:
            return
        assert found(office.platform) == verdicts
        received = sum(one.received for one in replayed.deliveries)
        assert all(one.stands == one.now.counts for one in replayed.deliveries)  # checking alone changes nothing
        assert told(replayed) == matrix(before, verdicts, received)
        by_id = {one.id: one for one in after}
        for line in replayed.deliveries:
            assert by_id[line.id].counts == line.then.counts
            assert tuple(by_id[line.id].held_for) == tuple(line.then.held_for)
    finally:
        office.close()


def _wake(platform: Platform, one: Delivery) -> None:
    after = replace(one, state=DeliveryState.LANDED)
    platform.ledger.advance([Move(after=after, event="repair")], at=platform.clock())
