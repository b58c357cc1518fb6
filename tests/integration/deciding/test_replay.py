"""A proposal is replayed over what came before: what is foretold is what happens, and nothing changes by it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import signal
import subprocess
import sys
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
from tests.harness.small import COLUMNS, FLOW, contract, rows_of

from headgate import operations, pipeline
from headgate.core.cases import Act
from headgate.core.errors import ConfigurationError, DocumentError, NotFoundError, UsageError
from headgate.core.flow_files import CONTRACT_FILE
from headgate.core.naming import quarantine_table
from headgate.core.platform import Platform
from headgate.core.records import Delivery, Move
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState
from headgate.deciding.replay import USUAL, replay
from headgate.deciding.replay_choice import Which, choose
from headgate.deciding.replay_document import drifted, held_changes, replay_document, sentence
from headgate.deciding.replay_judging import ReplayEndedError, judge_again
from headgate.deciding.replay_ports import PinnedTables
from headgate.deciding.replay_proposal import Proposal, read_proposal
from headgate.deciding.replay_result import Replay
from headgate.deciding.replay_scratch import FOLDER, scratch
from headgate.serve.doctor import examine

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


def everything(office: Office) -> dict[str, object]:
    """The project as it is: every file with its content, and every event."""
    office.platform.ledger.log_size()
    files = {
        str(place.relative_to(office.project)): hashlib.sha256(place.read_bytes()).hexdigest()
        for place in sorted(office.project.rglob("*"))
        if place.is_file() and "ledger.db" not in place.name and ".stage" not in place.parts
    }
    stage = sorted(str(place) for place in Path(office.platform.stage).rglob("*"))
    return {
        "files": files,
        "stage": stage,
        "events": office.leaves(),
        "deliveries": all_deliveries(office.platform),
        "publications": office.platform.ledger.publications("shop"),
        "parameters": office.platform.ledger.parameters("shop"),
        "cases": office.cases(),
    }


def shop_of(office: Office, proposal: Proposal, which: Which = USUAL, **how: Any) -> Replay:  # noqa: ANN401  of replay
    return replay(office.platform, office.platform.flows["shop"], proposal, which, **how)


def assert_foretold(office: Office, proposal: Proposal) -> Replay:
    """Replay, make it real, check all of it again; what came out was foretold."""
    replayed = shop_of(office, proposal)
    verdicts, failed = foretold(office.platform, proposal)
    put_in_force(office, proposal)
    check_again(office, [one.id for one in replayed.deliveries])
    assert not failed
    assert found(office.platform) == verdicts
    after = {one.id: one for one in all_deliveries(office.platform)}
    assert {one.id: one.then.counts for one in replayed.deliveries} == {
        one.id: after[one.id].counts for one in replayed.deliveries
    }
    return replayed


@pytest.mark.parametrize("change", sorted(set(PROPOSALS) - {"another key", "another type"}))
def test_a_replay_changes_nothing(office: Office, change: str) -> None:
    office.deliver(*rows_of("a", "b"), *rows_of("c", amount=102))
    office.deliver(*rows_of("b", "d", amount=77), *rows_of("e", amount=3, kind="c"))
    before = everything(office)
    first = shop_of(office, PROPOSALS[change])
    assert everything(office) == before
    assert shop_of(office, PROPOSALS[change]) == first
    assert first.rows == 6


def test_a_replay_that_is_ended_leaves_nothing(office: Office) -> None:
    office.deliver(*rows_of("a", "b"))
    before = everything(office)
    asked = iter([False, False, False, True])
    with pytest.raises(ReplayEndedError, match="nothing was changed"):
        shop_of(office, PROPOSALS["no rule"], stop=lambda: next(asked))
    assert everything(office) == before


def test_what_a_killed_replay_left_goes_with_the_next_one(office: Office) -> None:
    office.deliver(*rows_of("a", "b"))
    program = """
import os, sys
sys.path.append(sys.argv[2])
from pathlib import Path
from tests.harness.small import open_small
from headgate.deciding.replay import replay
from headgate.deciding.replay_proposal import Proposal
platform = open_small(Path(sys.argv[1]))
def killed():
    if any(Path(platform.stage).rglob("*.parquet")):
        os.kill(os.getpid(), 9)
    return False
replay(platform, platform.flows["shop"], Proposal(values={"limit": "50"}), stop=killed)
"""
    command = [sys.executable, "-c", program, str(office.project), str(Path(__file__).parents[3])]
    assert subprocess.run(command, check=False, capture_output=True).returncode == -signal.SIGKILL
    left = Path(office.platform.stage) / FOLDER
    assert len([place for place in left.iterdir() if place.is_dir()]) == 1
    found = examine(office.platform, keys=office.project / "keys", require=lambda *_: None, cases=office.desk.cases)
    stage = next(one for one in found if one.check == "stage")
    assert not stage.ok
    assert "a killed process left" in stage.found
    shop_of(office, PROPOSALS["no rule"])
    assert not left.exists()


def test_a_replay_beside_another_leaves_it_alone(office: Office) -> None:
    office.deliver(*rows_of("a", "b"))
    with scratch(office.platform) as folder:
        (folder / "kept").touch()
        shop_of(office, PROPOSALS["no rule"])
        assert (folder / "kept").exists()
    assert not (Path(office.platform.stage) / FOLDER).exists()


def test_decisions_of_people_count_as_they_would(office: Office) -> None:
    """A waiver stands while its rule does; a corrected record is judged as it is now; each such delivery goes alone."""
    office.deliver(*rows_of("a"), *rows_of("b", "c", "d", amount=102))
    office.settle(office.case(), Act.RELEASE, rows=[2])
    office.settle(office.case(), Act.CORRECT, edits={3: {"amount": "77"}})
    office.deliver(*rows_of("c", amount=77), *rows_of("e", amount=55), *rows_of("d", amount=3))
    replayed = assert_foretold(office, Proposal(values={"limit": "50"}))
    assert [one.left_out for one in [replayed]] == [()]
    assert told(replayed)["accepted", "held"] == 2


def test_a_key_that_another_delivery_would_take_first(office: Office) -> None:
    """What is held lets a later row go on, and takes its key back under a milder rule."""
    office.deliver(*rows_of("a", amount=101), *rows_of("b"))
    office.deliver(*rows_of("a", amount=3), *rows_of("b"))
    replayed = assert_foretold(office, Proposal(values={"limit": "150"}))
    assert told(replayed) == {
        ("accepted", "accepted"): 1,
        ("accepted", "held"): 1,
        ("duplicate", "duplicate"): 1,
        ("held", "accepted"): 1,
    }
    assert {move.code for move in replayed.moves} == {"over_limit", "key_conflict"}


@pytest.mark.parametrize(("amount", "limit", "moves"), [(77, "50", 2), (101, "150", 0)])
def test_what_goes_alone_is_published_before_the_others(office: Office, amount: int, limit: str, moves: int) -> None:
    """Rows of the later delivery meet the tables that the first one would leave; it meets those of the later one."""
    office.deliver(*rows_of("a", amount=amount), *rows_of("b", amount=102, kind="b"))
    office.settle(office.case(), Act.RELEASE, rows=[2])  # so the delivery goes alone
    office.deliver(*rows_of("a", amount=3))
    replayed = assert_foretold(office, Proposal(values={"limit": limit}))
    assert replayed.moved == moves


def test_values_of_one_delivery_alone_do_not_count(office: Office) -> None:
    one = office.deliver(*rows_of("a", amount=101))
    operations.reprocess(office.platform, one, values={"limit": "300"})
    pipeline.work(office.platform)
    replayed = assert_foretold(office, Proposal(values={"limit": "90"}))
    assert told(replayed) == {("held", "held"): 1}
    assert [text.split(" ")[0] for text in drifted(replayed)] == [one.id]


def test_a_task_that_would_fail_is_told(office: Office) -> None:
    one = office.deliver(*rows_of("a", amount=101))
    with pytest.raises(UsageError, match="has the key id, the contract id, kind"):
        shop_of(office, PROPOSALS["another key"])
    without = Proposal(contract_text=versioned(contract(rules=RULES).replace("name: day", "name: date")))
    for proposal, why in ((PROPOSALS["another type"], "its task now gives"), (without, 'column "day"')):
        replayed = shop_of(office, proposal)
        assert (replayed.deliveries, replayed.left_out) == ((), ())
        assert [(left.id, why in left.why) for left in replayed.failing] == [(one.id, True)], replayed.failing
        assert sentence(replayed).startswith("1 delivery would fail")


def test_a_whole_delivery_that_would_be_held(tmp_path: Path) -> None:
    office = office_of(tmp_path, share=HALF)
    try:
        office.deliver(*rows_of("a", "b", amount=77), *rows_of("c", amount=3))
        replayed = assert_foretold(office, Proposal(values={"limit": "50"}))
        (line,) = replayed.deliveries
        assert (dict(line.now.held_for), list(line.then.held_for)) == ({}, ["below_threshold"])
        assert [str(share) for share in (replayed.share_now, replayed.share_then)] == ["1", "0"]
        assert held_changes(replayed)[0].startswith(
            f"{line.id} ({line.name}) would be held as a whole: below_threshold"
        )
        assert {(move.code, move.rows) for move in replayed.moves} == {("over_limit", 2), ("delivery_held", 1)}
    finally:
        office.close()


def test_what_cannot_be_replayed_is_said(office: Office) -> None:
    first = office.deliver(*rows_of("a", amount=102), *rows_of("b"))
    made = office.settle(office.case(), Act.RELEASE)
    second = office.deliver(*rows_of("c"))
    which = Which(named=(first.id, made.id, second.id[:10]), most_rows=2)
    replayed = shop_of(office, Proposal(values={"limit": "50"}), which)
    assert [one.id for one in replayed.deliveries] == [second.id]
    assert {left.id: left.why.split(" ")[1] for left in replayed.left_out} == {made.id: "is", first.id: "has"}
    newest = shop_of(office, Proposal(values={"limit": "50"}), Which(newest=1))
    assert [one.id for one in newest.deliveries] == [second.id]
    with pytest.raises(UsageError, match="has no delivery to replay"):
        shop_of(office, Proposal(values={"limit": "50"}), Which(named=(made.id,)))


@pytest.mark.parametrize(
    ("proposal", "kind", "words"),
    [
        (Proposal(), UsageError, "nothing is proposed"),
        (Proposal(values={"limit": "100"}), UsageError, "nothing is proposed"),
        (Proposal(contract_text=contract(rules=RULES)), UsageError, "nothing is proposed"),
        (Proposal(values={"limits": "1"}), NotFoundError, "Did you mean 'limit'"),
        (Proposal(values={"limit": "much"}), ConfigurationError, "takes integer"),
        (Proposal(tables={"limit": b""}), UsageError, "is no table"),
        (Proposal(contract_text="- a"), DocumentError, "contract.odcs.yaml"),
        (
            Proposal(contract_text=contract(rules="      - {id: a, engine: headgate}")),
            DocumentError,
            "contract.odcs.yaml",
        ),
    ],
)
def test_a_wrong_proposal_is_refused(office: Office, proposal: Proposal, kind: type[UsageError], words: str) -> None:
    office.deliver(*rows_of("a"))
    with pytest.raises(kind, match=words):
        shop_of(office, proposal)


def test_nothing_to_replay(office: Office) -> None:
    with pytest.raises(UsageError, match="Next: run a file of it"):
        shop_of(office, Proposal(values={"limit": "50"}))


def test_a_proposal_unmasks_nothing(tmp_path: Path) -> None:
    """A column that is personal stays masked, though the proposed contract says no word of it."""
    hidden = contract(columns=COLUMNS.replace("{name: kind}", "{name: kind, classification: personal}"))
    office = Office(tmp_path).write(contract_text=hidden)
    try:
        office.deliver(*rows_of("a", kind="ada.lovelace"))
        replayed = shop_of(
            office, Proposal(contract_text=versioned(contract(columns=COLUMNS.replace("{name: kind}", ALLOWED))))
        )
        (move,) = replayed.moves
        assert (move.code, move.masked, [one.found for one in move.samples]) == ("not_allowed", True, [None])
        assert "lovelace" not in json.dumps(replay_document(replayed))
    finally:
        office.close()


def test_the_digest_speaks_of_what_is_shown(office: Office) -> None:
    office.deliver(*rows_of("a", amount=77))
    first = shop_of(office, Proposal(values={"limit": "50"}))
    assert shop_of(office, Proposal(values={"limit": "51"})).digest != first.digest
    assert shop_of(office, Proposal(values={"limit": "50"})).digest == first.digest
    office.deliver(*rows_of("b", amount=77))
    assert shop_of(office, Proposal(values={"limit": "50"})).digest != first.digest
