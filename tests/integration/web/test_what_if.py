"""What if, on pages and by the API: what is shown, who may ask, and that asking does nothing."""

from __future__ import annotations

import json
import re
import threading
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.harness.project import all_deliveries
from tests.integration.web.conftest import Web

from headgate.core.errors import ConflictError
from headgate.core.platform import Platform
from headgate.core.replacing import replace
from headgate.core.roles import Grant, Role
from headgate.deciding.replay import replay
from headgate.deciding.replay_choice import Which
from headgate.deciding.replay_proposal import Proposal
from headgate.web.turns import Turns

PAGE, CALL = "/flows/sales/what-if", "/api/flows/sales/what-if"


class Asking:
    """A reviewer of sales with a browser."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.account = web.account(Grant(role=Role.REVIEWER, flow="sales"))
        self.client: TestClient = web.signed_in(self.account)

    def page(self, **fields: str) -> tuple[int, str]:
        answer = self.client.post(PAGE, data={"csrf": self.web.csrf(self.account), **fields})
        return answer.status_code, answer.text

    def call(self, body: object) -> tuple[int, dict[str, Any]]:
        answer = self.client.post(CALL, json=body, headers={"X-Headgate-CSRF": self.web.csrf(self.account)})
        return answer.status_code, answer.json()


@pytest.fixture
def asking(web: Web) -> Asking:
    return Asking(web)


@pytest.fixture
def contract(web: Web) -> str:
    flow = web.site.platform.flows["sales"]
    text = web.site.platform.ledger.contract(digest=flow.contract.digest)
    assert text is not None
    return text


def everything(platform: Platform) -> object:
    return (platform.ledger.log_size(), all_deliveries(platform), platform.ledger.parameters("sales"))


def test_the_flow_has_a_form_for_who_decides(web: Web, asking: Asking) -> None:
    text = asking.client.get("/flows/sales").text
    assert f'action="{PAGE}"' in text
    assert 'name="value.amount_limit" value="2500.00"' in text
    assert 'name="value.fx_rates"' not in text  # a table
    assert "total_equals_items" in text.split("<textarea")[1].split("</textarea>")[0]
    operator = web.signed_in(web.account(Grant(role=Role.OPERATOR)))
    assert f'action="{PAGE}"' not in operator.get("/flows/sales").text


def test_a_value_is_replayed_on_a_page(web: Web, asking: Asking) -> None:
    platform = web.site.platform
    told = replay(platform, platform.flows["sales"], Proposal(values={"amount_limit": "300.00"}))
    before = everything(platform)
    status, text = asking.page(**{"value.amount_limit": "300.00", "value.price_score": "", "newest": "3"})
    assert (status, everything(platform)) == (200, before)
    assert "What if <bdi>sales</bdi> had <bdi>amount_limit 300.00 instead of 2500.00</bdi>?" in text
    assert f"{told.moved:,} of {told.rows:,} rows would change their verdict" in text
    cells = {(cell.now, cell.then): cell.rows for cell in told.cells}
    assert f'<td class="num same">{cells["accepted", "accepted"]:,}</td>' in text
    assert f'<td class="num moved">{cells["accepted", "held"]:,}</td>' in text
    assert told.digest in text
    sample = told.moves[0].samples[0]
    assert re.search(rf'href="[^"]+">row {sample.row} of {sample.delivery}</a>', text)
    assert 'name="value.amount_limit" value="300.00"' in text  # to be tried again


def test_the_contract_as_it_stands_is_no_proposal(asking: Asking, contract: str) -> None:
    sent = {"contract": contract.replace("\n", "\r\n"), "value.amount_limit": "2500.00"}
    assert "nothing is proposed" in asking.page(**sent)[1]
    text = asking.page(**sent | {"value.amount_limit": "300.00"})[1]
    assert "<details><summary>The contract" in text
    assert "had <bdi>amount_limit 300.00 instead of 2500.00</bdi>?" in text


def test_rows_that_wait_are_linked_to_their_case(asking: Asking) -> None:
    status, text = asking.page(**{"value.amount_limit": "9000000.00"})
    assert status == 200
    (link,) = set(re.findall(r'href="(/cases/[^"?]+)\?row=', text.split("Rows that move")[1]))
    assert asking.client.get(link).status_code == 200


def test_a_contract_is_replayed_on_a_page(asking: Asking, contract: str) -> None:
    proposed = contract.replace("validValues: [Kitchen, ", "validValues: [").replace("4.0.0", "5.0.0", 1)
    status, text = asking.page(contract=proposed.replace("\n", "\r\n"))
    assert status == 200
    assert "4.0.0 to 5.0.0: needs a rise of major, which it has" in text
    assert "<bdi>Kitchen</bdi>" in text
    assert "held as a whole" in text
    assert "Changes of the contract" in text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "nothing is proposed"),
        ({"value.amount_limit": "<b>much</b>"}, "&lt;b&gt;much&lt;/b&gt;"),
        ({"value.amount_limits": "1"}, "amount_limit"),
        ({"contract": "a: <script>1</script>"}, "contract.odcs.yaml"),
        ({"contract": "\x00"}, "contract.odcs.yaml"),
        ({"value.amount_limit": "1.00", "newest": "-4"}, "would change their verdict"),
        ({"value.amount_limit": "1.00", "newest": "9" * 40}, "would change their verdict"),
    ],
)
def test_what_is_wrong_is_told_on_the_page(asking: Asking, fields: dict[str, str], told: str) -> None:
    status, text = asking.page(**fields)
    assert status == (200 if "verdict" in told else 400)
    assert told in text
    assert "<script>1" not in text
    if status != 200:
        assert "Nothing was replayed" in text


def test_the_api_tells_the_same(web: Web, asking: Asking) -> None:
    platform = web.site.platform
    (one,) = all_deliveries(platform)
    before = everything(platform)
    body = {"parameters": {"amount_limit": "300.00"}, "deliveries": [one.id]}
    status, told = asking.call(body)
    assert (status, everything(platform)) == (200, before)
    found = replay(
        platform, platform.flows["sales"], Proposal(values={"amount_limit": "300.00"}), Which(named=(one.id,))
    )
    assert (told["digest"], told["moved"], told["rows"]) == (found.digest, found.moved, found.rows)
    assert sum(cell["rows"] for cell in told["matrix"]) == told["rows"]
    assert told["deliveries"][0]["stands"] == told["deliveries"][0]["now"]["counts"]


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({}, 400, "nothing is proposed"),
        ({"value": {}}, 400, "value"),
        ([], 400, "docs/api.md"),
        ({"parameters": {"amount_limit": "1.00"}, "newest": 0}, 400, "newest"),
        ({"parameters": {"amount_limit": "1.00"}, "deliveries": ["d-none"]}, 404, "d-none"),
        ({"parameters": {"fx_rates": "currency"}}, 400, "fx_rates"),
        ({"contract": "[]"}, 400, "contract.odcs.yaml"),
    ],
)
def test_a_wrong_call_is_told(asking: Asking, body: object, status: int, told: str) -> None:
    found, answer = asking.call(body)
    assert (found, told in answer["error"]["message"]) == (status, True), answer


def test_nothing_personal_is_shown(asking: Asking, contract: str) -> None:
    """A rule that few values pass is proposed for a personal column, and the column is said to be none."""
    bare = contract.replace("email, classification: personal,", "email,").replace("maxLength: 254", "maxLength: 5")
    status, told = asking.call({"contract": bare})
    moves = [move for move in told["moves"] if move["column"] == "customer.email"]
    assert (status, {(move["code"], move["masked"]) for move in moves}) == (200, {("bad_length", True)})
    assert "@" not in json.dumps(told)
    text = asking.page(contract=bare)[1].split("Rows that move")[1].split("<textarea")[0]
    assert '<span class="masked">personal, masked</span>' in text
    assert "@" not in text


def test_who_does_not_decide_in_the_flow_is_refused_and_told_of(web: Web) -> None:
    for grant, status in (
        (Grant(role=Role.ADMIN), 403),
        (Grant(role=Role.OPERATOR, flow="sales"), 403),
        (Grant(role=Role.REVIEWER, flow="retail"), 404),
    ):
        account = web.account(grant)
        client, size = web.signed_in(account), web.site.platform.ledger.log_size()
        secret = {"X-Headgate-CSRF": web.csrf(account)}
        assert client.post(CALL, json={"parameters": {"amount_limit": "1.00"}}, headers=secret).status_code == status
        form = {"csrf": web.csrf(account), "value.amount_limit": "1.00"}
        assert client.post(PAGE, data=form).status_code == status
        leaves = [json.loads(leaf)["type"] for leaf in web.site.platform.ledger.leaves(size)]
        assert leaves.count("access_refused") == 2


def test_one_at_a_time_for_each_and_few_in_all(asking: Asking) -> None:
    turns = asking.web.site.replays
    with turns.taken(asking.account.id):
        status, text = asking.page(**{"value.amount_limit": "1.00"})
        assert (status, "still under way" in text) == (409, True)
        assert asking.call({"parameters": {"amount_limit": "1.00"}})[0] == 409
    with turns.taken("a"), turns.taken("b"):
        assert "no more" in asking.page(**{"value.amount_limit": "1.00"})[1]
    assert asking.page(**{"value.amount_limit": "1.00"})[0] == 200


def test_turns_come_back_whatever_happens() -> None:
    turns = Turns(1)
    with pytest.raises(ZeroDivisionError), turns.taken("a"):
        raise ZeroDivisionError
    held = threading.Event()
    done = threading.Event()

    def hold() -> None:
        with turns.taken("a"):
            held.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    with pytest.raises(ConflictError), turns.taken("b"):
        pass
    done.set()
    thread.join()
    with turns.taken("b"):
        pass


def test_a_replay_that_takes_too_long_is_ended(web: Web, asking: Asking) -> None:
    platform = web.site.platform
    told = iter([platform.clock()])
    late = platform.clock().replace(year=2099)
    slow = replace(web.site, platform=replace(platform, clock=lambda: next(told, late)))
    web.app.state.site = slow
    try:
        status, text = asking.page(**{"value.amount_limit": "1.00"})
    finally:
        web.app.state.site = web.site
    assert (status, "took longer than it may here" in text) == (400, True)
