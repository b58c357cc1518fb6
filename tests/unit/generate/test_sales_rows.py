from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest

from headgate.generate.changes import CHANGES, Facts, changed
from headgate.generate.defects import Defect
from headgate.generate.draws import Draws
from headgate.generate.order_text import OrderText, money
from headgate.generate.orders import World, make_orders
from headgate.generate.plan import make_plan
from headgate.generate.rates import Rates
from headgate.generate.sales_rows import SalesRows

END = datetime(2026, 11, 20, 6, tzinfo=UTC)
AMOUNT = re.compile(rb'"(?:unit_price|line_total|cost|subtotal|tax|total)":([^,}]+)')


@pytest.fixture(scope="module")
def text(world: World) -> OrderText:
    return OrderText(world.population, world.catalogue, first_number=99_990, last_number=101_989)


@pytest.fixture(scope="module")
def rows(world: World, rates: Rates, text: OrderText) -> SalesRows:
    plan = make_plan(world, rows=200, kinds=list(Defect), edges=[0, 700, 2_000], rates=rates)
    return SalesRows(
        plan=plan, text=text, rates=rates, end=END, edges=np.array([0, 700, 2_000]), names=("a.json", "b.json")
    )


@pytest.mark.parametrize("portion", [1, 37, 700])
def test_the_size_of_a_portion_changes_nothing(rows: SalesRows, portion: int) -> None:
    whole, answers = rows.make(0, 700)
    parts = [rows.make(low, min(low + portion, 700)) for low in range(0, 700, portion)]
    assert [text for texts, _ in parts for text in texts.to_pylist()] == whole.to_pylist()
    assert [answer for _, found in parts for answer in found] == answers
    assert answers


def test_answers_count_records_from_one_in_each_file(rows: SalesRows) -> None:
    texts, answers = rows.make(700, 2_000)
    planned = [row for row in sorted(rows.plan.planned) if row >= 700]
    assert [answer.record for answer in answers] == [row - 699 for row in planned]
    assert {answer.file for answer in answers} == {"b.json"}
    for row, answer in zip(planned, answers, strict=True):
        assert msgspec.json.decode(texts[row - 700].as_py()).get("transaction_id") == answer.transaction_id


def test_ids_keep_their_width(text: OrderText, world: World) -> None:
    ids = text.ids(np.array([0, 10]), world.time[[0, 10]]).to_pylist()
    assert [word[-6:] for word in ids] == ["099990", "100000"]


def test_money_is_exact_for_large_and_negative_amounts() -> None:
    cents = np.array([0, 1, -1, 99, 100, -12_345, 10**14 + 1])
    words = ["0.00", "0.01", "-0.01", "0.99", "1.00", "-123.45", "1000000000000.01"]
    assert money(cents).to_pylist() == words


@pytest.mark.parametrize("kind", sorted(CHANGES))
def test_a_change_touches_the_record_and_keeps_cents(world: World, text: OrderText, kind: Defect) -> None:
    originals = text.objects(make_orders(world, np.arange(60))).to_pylist()
    columns = set()
    for row, original in enumerate(originals):
        facts = Facts(draws=Draws(seed=1).series("t", row), end=END, rate=0.9, value=26, model_id="T20261101-00001")
        broken, column = changed(kind, original.encode(), facts)
        columns.add(column)
        assert broken != original.encode()
        assert msgspec.json.decode(broken)
        if kind not in {Defect.WRONG_TYPE, Defect.MISSING_FIELD}:
            assert [amount for amount in AMOUNT.findall(broken) if not re.fullmatch(rb"-?\d+\.\d\d", amount)] == []
    assert columns
