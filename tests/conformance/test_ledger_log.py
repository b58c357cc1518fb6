"""What every Ledger does with publications, receipts, registers and the log, shown on each implementation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.conformance.ledger_records import arrival, held_lease, intent, leaves, moved, one, published, taken

from headgate.adapters.sqlite_ledger import SqliteLedger
from headgate.core.canonical import canonical
from headgate.core.checkpoints import Checkpoint, sign_checkpoint
from headgate.core.contract import Contract
from headgate.core.errors import (
    ContractError,
    EvidenceError,
    HeadgateError,
    LeaseLostError,
    NotFoundError,
    PublishError,
)
from headgate.core.merkle import inclusion_proof, root
from headgate.core.merkle_proofs import verify_inclusion
from headgate.core.ports import Ledger
from headgate.core.receipts import make_receipt, verify_receipt
from headgate.core.records import (
    Event,
    Move,
    ParameterVersion,
    PublicationState,
    Run,
)
from headgate.core.replacing import replace
from headgate.core.signing_keys import PrivateKey
from headgate.core.states import DeliveryState as State
from headgate.core.tree_hash import leaf_hash, root_of


class LedgerLogContract:
    """Inherit and give the fixture `ledger`: a new, empty one for each test."""

    # publications
    def test_a_publication_from_intent_to_done(self, ledger: Ledger, at: datetime) -> None:
        done = published(ledger, at)
        assert [(delivery.publication, delivery.state) for delivery in done] == [(1, State.PUBLISHED)] * 3
        (kept,) = ledger.publications("sales")
        expected = intent([replace(delivery, state=State.LANDED, publication=None) for delivery in done])
        assert kept == replace(
            expected, state=PublicationState.DONE, versions={"sales/silver/sales": 7}, opened_at=at, done_at=at
        )
        assert ledger.publications(newest=1) == [replace(kept, changes=(), moves=())]
        assert ledger.publications(open_only=True) == []
        *_, delivery_leaf, publication_leaf = leaves(ledger)
        assert delivery_leaf["type"] == "published"
        assert delivery_leaf["fields"] == {"publication": 1, "rows": 3, "versions": {"sales/silver/sales": 7}}
        assert (publication_leaf["type"], publication_leaf["delivery"]) == ("publication", None)

    def test_an_open_publication_is_found_again_whole(self, ledger: Ledger, at: datetime) -> None:
        ledger.register([arrival("a")], run="r-1", at=at)
        claim = taken(ledger)
        ledger.advance(moved(claim.deliveries, State.CHECKED), at=at, fence=claim.fence)
        fence = held_lease(ledger)
        ledger.open_publication(intent(claim.deliveries), fence=fence, at=at)
        assert ledger.publications("sales", open_only=True) == [replace(intent(claim.deliveries), opened_at=at)]
        assert one(ledger, claim.deliveries[0].id).state is State.PUBLISHING
        with pytest.raises(PublishError, match="number 2"):
            ledger.open_publication(intent([], number=2), fence=fence, at=at)
        with pytest.raises(LeaseLostError):
            ledger.complete_publication(
                intent(claim.deliveries), versions={}, at=at, fence=replace(fence, number=fence.number - 1)
            )
        assert len(ledger.publications(open_only=True)) == 1

    def test_publications_count_up_by_flow_and_epoch(self, ledger: Ledger, at: datetime) -> None:
        fence = held_lease(ledger)
        with pytest.raises(PublishError, match="number 1, not 2"):
            ledger.open_publication(intent([], number=2), fence=fence, at=at)
        assert (ledger.epoch("sales"), ledger.begin_epoch("sales", reason="restore", at=at)) == (1, 2)
        assert (ledger.epoch("sales"), ledger.epoch("retail")) == (2, 1)
        with pytest.raises(PublishError, match="epoch 1, in force is 2"):
            ledger.open_publication(intent([]), fence=fence, at=at)
        for number in (1, 2, 3):
            publication = intent([], number=number, epoch=2)
            ledger.open_publication(publication, fence=fence, at=at)
            ledger.complete_publication(publication, versions={"t": number}, at=at, fence=fence)
        with pytest.raises(PublishError, match="not open"):
            ledger.complete_publication(intent([], number=3, epoch=2), versions={}, at=at, fence=fence)
        assert [publication.number for publication in ledger.publications(newest=2)] == [2, 3]
        assert leaves(ledger)[0]["type"] == "epoch"

    def test_no_delivery_is_left_in_publishing(self, ledger: Ledger, at: datetime) -> None:
        ledger.register([arrival("a")], run="r-1", at=at)
        claim = taken(ledger)
        ledger.advance(moved(claim.deliveries, State.CHECKED), at=at)
        with pytest.raises(PublishError, match=claim.deliveries[0].id):
            ledger.open_publication(replace(intent(claim.deliveries), moves=()), fence=held_lease(ledger), at=at)

    # receipts
    def test_archives_with_a_leaf_that_names_the_body(self, ledger: Ledger, at: datetime) -> None:
        done = published(ledger, at)
        bodies = [(delivery, f'{{"delivery":"{delivery.id}"}}') for delivery in done]
        issued = ledger.archive(bodies, at=at)
        all_leaves = list(ledger.leaves())
        for receipt, (delivery, body) in zip(issued, bodies, strict=True):
            leaf = json.loads(all_leaves[receipt.event_index])
            assert (leaf["type"], leaf["delivery"]) == ("archived", delivery.id)
            assert leaf["receipt"] == receipt.sha256 == hashlib.sha256(body.encode()).hexdigest()
            assert leaf["fields"] == {"number": 1}
            assert ledger.event_index(delivery.id, "archived") == receipt.event_index
        assert {one(ledger, delivery.id).state for delivery in done} == {State.ARCHIVED}
        assert ledger.receipts([delivery.id for delivery in done]) == sorted(issued, key=lambda one: one.delivery)
        assert ledger.archive(bodies, at=at + timedelta(days=1)) == issued
        assert ledger.log_size() == len(all_leaves)

    def test_its_leaf_and_proof_make_a_receipt_that_verifies(self, ledger: Ledger, at: datetime) -> None:
        (delivery,) = published(ledger, at, count=1)
        (issued,) = ledger.archive([(delivery, canonical({"delivery": delivery.id}).decode())], at=at)
        ledger.append([Event(type="later")] * 3, at=at)
        size, key = ledger.log_size(), PrivateKey(name="log", seed=bytes(32))
        head = Checkpoint(origin="log", size=size, root=root(size, ledger.nodes))
        receipt = make_receipt(
            json.loads(issued.body),
            leaf=json.loads(next(ledger.leaves(issued.event_index))),
            index=issued.event_index,
            proof=inclusion_proof(issued.event_index, size, ledger.nodes),
            checkpoint=sign_checkpoint(head, key).to_text(),
            key=key,
        )
        verified = verify_receipt(receipt, [key.public(valid_from=at)], now=at)
        assert (verified.body, verified.index) == ({"delivery": delivery.id}, issued.event_index)

    def test_a_held_delivery_gets_receipts_and_stays_held(self, ledger: Ledger, at: datetime) -> None:
        (landed,) = ledger.register([arrival("a")], run="r-1", at=at)
        ledger.advance(moved([landed], State.CHECKED), at=at)
        fence = held_lease(ledger)
        held = replace(landed, state=State.HELD)
        publication = replace(intent([landed]), moves=(Move(after=held),))
        ledger.open_publication(publication, fence=fence, at=at)
        ledger.complete_publication(publication, versions={}, at=at, fence=fence)
        numbers = [ledger.archive([(held, body)], at=at)[0].number for body in ('{"n":1}', '{"n":2}', '{"n":2}')]
        assert numbers == [1, 2, 2]
        assert one(ledger, landed.id).state is State.HELD
        assert leaves(ledger)[-1]["type"] == "receipt"
        (other,) = ledger.register([arrival("b")], run="r-1", at=at)
        with pytest.raises(HeadgateError, match="is landed; only what is published or held"):
            ledger.archive([(other, "{}")], at=at)

    # contracts, parameters, runs
    def test_a_contract_version_has_one_content(self, ledger: Ledger, at: datetime) -> None:
        def contract(version: str, digest: str) -> Contract:
            return Contract(
                id="c", name="n", version=version, status="active", api_version="v3.1.0", digest=digest,
                record="sales", columns=(), rules=(),
            )  # fmt: skip

        for _ in range(2):
            ledger.register_contract(contract("1.0.0", "aa"), '{"a":1}', flow="sales", at=at)
        assert ledger.log_size() == 1
        assert (ledger.contract(digest="aa"), ledger.contract(digest="bb")) == ('{"a":1}', None)
        with pytest.raises(ContractError, match="new version"):
            ledger.register_contract(contract("1.0.0", "bb"), '{"a":2}', flow="sales", at=at)
        ledger.register_contract(contract("1.1.0", "bb"), '{"a":2}', flow="sales", at=at)
        assert ledger.contract(digest="bb") == '{"a":2}'

    def test_parameters_are_numbered_and_not_in_the_log(self, ledger: Ledger, at: datetime) -> None:
        first = ParameterVersion(
            flow="f", name="limit", number=0, value="10.00", set_by="me", reason="start", set_at=at
        )
        second = replace(first, value="98765.4321", reason="more")
        assert [ledger.set_parameter(version).number for version in (first, first, second)] == [1, 1, 2]
        assert ledger.parameters("f") == [replace(first, number=1), replace(second, number=2)]
        assert ledger.parameters("f", "other") == []
        assert leaves(ledger)[-1]["fields"] == {
            "name": "limit",
            "number": 2,
            "sha256": hashlib.sha256(b"98765.4321").hexdigest(),
        }
        assert not any(b"98765" in leaf for leaf in ledger.leaves())

    def test_runs_newest_first(self, ledger: Ledger, at: datetime) -> None:
        early, late = (Run(id=f"r-{n}", started_at=at + timedelta(minutes=n)) for n in (1, 2))
        ended = replace(early, ended_at=at + timedelta(hours=1), summary={"deliveries": 3})
        for run in (early, late, ended):
            ledger.put_run(run)
        assert ledger.runs() == [late, ended]
        assert ledger.runs(newest=1) == [late]
        assert ledger.runs(id="r-1") == [ended]

    # the log
    def test_events_are_leaves_in_order_with_proofs(self, ledger: Ledger, at: datetime) -> None:
        (delivery,) = ledger.register([arrival("a")], run="r-1", at=at)
        given = [Event(type="seen", fields={"n": n}) for n in range(5)] + [Event(type="look", delivery=delivery.id)]
        assert ledger.append(given, at=at) == range(2, 8)
        assert ledger.append([], at=at) == range(0)
        written = list(ledger.leaves())
        assert [json.loads(leaf)["fields"].get("n") for leaf in written[2:7]] == [0, 1, 2, 3, 4]
        assert json.loads(written[7])["flow"] == "sales"
        assert list(ledger.leaves(3, 5)) == written[3:5]
        top = root(8, ledger.nodes)
        assert top == root_of(written)
        for index, leaf in enumerate(written):
            proof = inclusion_proof(index, 8, ledger.nodes)
            assert verify_inclusion(leaf_hash(leaf), index=index, size=8, proof=proof, root=top)
        assert (ledger.event_index(delivery.id, "look"), ledger.event_index(delivery.id, "held")) == (7, None)

    def test_what_the_log_does_not_have_is_told(self, ledger: Ledger, at: datetime) -> None:
        with pytest.raises(NotFoundError, match="d-1"):
            ledger.append([Event(type="x", delivery="d-1")], at=at)
        with pytest.raises(EvidenceError, match="level 3, position 9"):
            ledger.nodes([(3, 9)])
        assert (ledger.log_size(), list(ledger.leaves())) == (0, [])

    def test_keeps_checkpoints_by_size(self, ledger: Ledger) -> None:
        for size in (3, 9, 5):
            ledger.put_checkpoint(size, f"note {size}")
        ledger.put_checkpoint(5, "another")
        assert ledger.checkpoints() == [(3, "note 3"), (5, "note 5"), (9, "note 9")]
        assert ledger.checkpoints(newest=2) == [(5, "note 5"), (9, "note 9")]
        assert ledger.checkpoints(at_least=4) == [(5, "note 5")]
        assert ledger.checkpoints(at_least=10) == []


class TestSqliteFile(LedgerLogContract):
    @pytest.fixture
    def ledger(self, tmp_path: Path) -> Iterator[Ledger]:
        opened = SqliteLedger(f"sqlite:///{tmp_path}/ledger.db")
        yield opened
        opened.close()


class TestSqliteMemory(LedgerLogContract):
    @pytest.fixture
    def ledger(self) -> Iterator[Ledger]:
        opened = SqliteLedger("sqlite://")
        yield opened
        opened.close()
