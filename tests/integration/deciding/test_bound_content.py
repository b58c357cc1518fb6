"""What people agreed to is what happens: where anything of it changed, nothing does, and the decision says why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.harness import proof
from tests.harness.office import RULES, Office, counted
from tests.harness.project import all_deliveries
from tests.harness.small import contract, rows_of

from headgate import operations, pipeline
from headgate.core.cases import Act, DecisionState
from headgate.core.errors import TransientError
from headgate.core.naming import outcomes_table
from headgate.core.parameters import vault_name
from headgate.core.records import Event
from headgate.core.replacing import replace
from headgate.core.roles import Grant, Role
from headgate.deciding.execution import execute_due


def one_byte_changed(place: Path) -> None:
    """A bit of the last letter, as a fault of a disk or a hand would have it."""
    place.chmod(0o600)
    content = bytearray(place.read_bytes())
    content[len(content) // 2] ^= 1
    place.write_bytes(bytes(content))


def vaulted(office: Office, sha256: str) -> Path:
    return office.project / "vault" / vault_name(sha256)


def document(office: Office) -> str:
    one_byte_changed(vaulted(office, office.desk.cases.decisions()[-1].digest))
    return "was changed in the vault: nobody agreed to what it says now"


def document_gone(office: Office) -> str:
    vaulted(office, office.desk.cases.decisions()[-1].digest).unlink()
    return "`headgate audit verify` lists missing ones"


def origin_bytes(office: Office) -> str:
    one_byte_changed(vaulted(office, all_deliveries(office.platform)[0].sha256))
    return "in the vault are not those that were shown"


def quarantine(office: Office) -> str:
    """Another process writes into the quarantine what nobody was shown."""
    for place in (office.project / "lake").rglob("*.parquet"):
        if "quarantine" in str(place):
            table = pq.read_table(place)
            records = [text.replace("102", "103") if text else text for text in table.column("record").to_pylist()]
            index = table.schema.get_field_index("record")
            place.chmod(0o600)
            pq.write_table(table.set_column(index, table.schema.field(index), [records]), place)
    return "is not what was shown"


def rule(office: Office) -> str:
    office.write(contract_text=contract(rules=RULES.replace("<= $limit", "< $limit")).replace("1.0.0", "1.1.0"))
    return "the contract is "


def rest_of_the_contract(office: Office) -> str:
    office.write(contract_text=contract(rules=RULES).replace("1.0.0", "1.1.0"))
    return "the contract is "


def parameter(office: Office) -> str:
    operations.change_parameter(office.platform, "shop", "limit", "99", set_by="command", reason="less")
    return "parameter limit has version 2 by now, agreed was version 1"


def role(office: Office) -> str:
    accounts = office.desk.people.accounts
    (ada,) = accounts.accounts(name="ada")
    accounts.change(replace(ada, grants=(Grant(role=Role.ANALYST),)), Event(type="grants_changed"), at=office.now)
    return "1 of 1 votes count no more"


def account(office: Office) -> str:
    accounts = office.desk.people.accounts
    (ada,) = accounts.accounts(name="ada")
    accounts.change(replace(ada, disabled_at=office.now), Event(type="disabled"), at=office.now)
    return "1 of 1 votes count no more"


def expired(office: Office) -> str:
    office.now += timedelta(days=8)
    return "it was not executed in time"


def flow_gone(office: Office) -> str:
    (office.project / "flows" / "shop").rename(office.project / "flows" / "other")
    office.open()
    return "which this project has not (any more)"


CHANGES = [
    document,
    document_gone,
    origin_bytes,
    quarantine,
    rule,
    rest_of_the_contract,
    parameter,
    role,
    account,
    expired,
    flow_gone,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_changed_since_it_was_agreed_voids_it(office: Office, change: Callable[[Office], str]) -> None:
    origin = office.deliver(*rows_of("a"), *rows_of("b", "c", amount=102))
    digests = proof.digests(office.platform, "silver", "gold")
    office.decided(office.case(), Act.RELEASE)
    why = change(office)
    (ended,) = office.execute()
    assert ended.state is DecisionState.VOID
    assert why in ended.note
    assert ended.amendment is None
    pipeline.work(office.platform)
    assert [one.id for one in all_deliveries(office.platform)] == [origin.id]
    assert counted(all_deliveries(office.platform)[0]) == (3, 1, 2, 0, 0)
    assert proof.digests(office.platform, "silver", "gold") == digests
    assert office.platform.tables.snapshot(outcomes_table("shop")) is None
    (told,) = [event for event in office.leaves() if event["type"] == "decision_void"]
    assert "by" not in told["fields"]
    assert execute_due(office.desk) == []


@pytest.mark.parametrize("change", [document, origin_bytes, rule, parameter], ids=lambda change: change.__name__)
def test_what_changed_after_the_amendment_was_made_fails_it(office: Office, change: Callable[[Office], str]) -> None:
    """Between execution and publication no votes can be read again: then the amendment fails, with words."""
    office.deliver(*rows_of("a"), *rows_of("b", "c", amount=102))
    digests = proof.digests(office.platform, "silver", "gold")
    office.decided(office.case(), Act.RELEASE)
    (done,) = office.execute()
    change(office)
    pipeline.work(office.platform)
    amendment = office.delivery(done.amendment or "")
    assert amendment.state in {"failed", "refused"}, amendment
    assert amendment.note
    assert counted(all_deliveries(office.platform)[0]) == (3, 1, 2, 0, 0)
    assert proof.digests(office.platform, "silver", "gold") == digests
    assert office.case().left == 2


def test_roles_and_contract_put_back_do_not_bring_a_void_decision_back(office: Office) -> None:
    office.deliver(*rows_of("b", amount=102))
    office.decided(office.case(), Act.RELEASE)
    rule(office)
    assert [one.state for one in office.execute()] == [DecisionState.VOID]
    office.write()
    assert office.execute() == []
    assert office.settle(office.case(), Act.RELEASE).state == "archived"


def test_a_fault_of_the_moment_voids_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Storage that does not answer says nothing about what was agreed."""
    office.deliver(*rows_of("b", amount=102))
    office.decided(office.case(), Act.RELEASE)

    def busy(name: str) -> None:
        raise TransientError(f"{name} does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(office.platform.vault, "open", busy)
        assert office.execute() == []
    assert office.desk.cases.decisions()[0].state is DecisionState.DECIDED
    assert [one.state for one in office.execute()] == [DecisionState.EXECUTED]
