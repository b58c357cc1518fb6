"""What rows of sales are, read by plain Python written from the contract, which shares nothing with the generator."""

from __future__ import annotations

import csv
import json
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.generate.defects import Defect
from headgate.generate.sales import Generated, SalesOptions, generate_sales

RATES = Path(__file__).parents[3] / "flows" / "sales" / "fx_rates.csv"
END = datetime(2026, 11, 20, 6, tzinfo=UTC)

Record = dict[str, Any]

BY_RULE = (
    *("missing_field", "wrong_type", "negative_amount", "absurd_amount", "total_mismatch", "line_mismatch"),
    *("bad_quantity", "unknown_category", "unknown_currency", "bad_format", "future_date"),
    *("duplicate_within", "duplicate_across", "key_conflict", "twin_keys"),
)
BY_STATISTICS = ("high_amount", "burst", "odd_hour", "repeated_card", "odd_price")
TAX = {"DE": 1900, "FR": 2000, "GB": 2000, "US": 825, "SE": 2500, "CH": 810, "AT": 2000, "NL": 2100}
CATEGORIES = {"Kitchen", "Garden", "Toys", "Books", "Music", "Sport", "Office", "Beauty", "Food", "Clothes"}
CATEGORIES |= {"Electronics", "Pets"}
POSTAL = {"DE": r"\d{5}", "FR": r"\d{5}", "SE": r"\d{3} ?\d{2}", "CH": r"\d{4}"}
TEXTS = (
    *("transaction_id", "customer.customer_id", "customer.name", "customer.email", "customer.country", "status"),
    *("payment.method", "payment.currency", "shipping.address", "shipping.city", "shipping.postal_code"),
)
AMOUNTS = ("shipping.cost", "subtotal", "tax", "total")
FORMS = {
    "transaction_id": r"T\d{8}-\d{5,}",
    "customer.email": r"[^@\s]+@[^@\s]+\.[^@\s]+",
    "customer.country": r"[A-Z]{2}",
}


class Pairs(dict[str, Any]):
    """A JSON object that remembers the keys it had twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        names = [name for name, _ in pairs]
        self.twins = sorted({name for name in names if names.count(name) > 1})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record as it was read."""

    file: str
    record: int
    raw: Record
    breaches: set[tuple[str, str]]
    answer: dict[str, Any]  # empty for clean rows

    @property
    def time(self) -> float:
        return datetime.fromisoformat(self.raw["timestamp"]).timestamp()


@dataclass(slots=True, kw_only=True)
class Reading:
    """A whole run as it was read."""

    header: dict[str, Any]
    file_answers: list[dict[str, Any]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    rates: dict[tuple[str, str], Decimal] = field(default_factory=dict)

    def clean(self) -> list[Row]:
        return [row for row in self.rows if not row.answer]

    def of(self, kind: str) -> list[Row]:
        return [row for row in self.rows if row.answer.get("kind") == kind]

    def rate(self, row: Row) -> Decimal:
        return self.rates[row.raw["payment"]["currency"], row.raw["timestamp"][:10]]

    def euros(self, row: Row) -> Decimal:
        return Decimal(row.raw["total"]) * self.rate(row)

    def prices(self, rows: list[Row]) -> list[tuple[str, Decimal]]:
        """Category and price in EUR of each line."""
        return [(item["category"], item["unit_price"] * self.rate(row)) for row in rows for item in row.raw["items"]]


def read_rates() -> dict[tuple[str, str], Decimal]:
    with RATES.open(newline="") as file:
        return {(line["currency"], line["day"]): Decimal(line["rate"]) for line in csv.DictReader(file)}


def at(record: Record, path: str) -> object:
    value: object = record
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def breaches(record: Record, rates: dict[tuple[str, str], Decimal]) -> set[tuple[str, str]]:
    """Codes and columns of everything that one record breaks; a rule over unsound columns stays silent."""
    found = set(_twins(record, ""))
    found |= {("missing_value", path) for path in TEXTS if at(record, path) is None}
    for path in TEXTS:
        value = at(record, path)
        if value is not None and not isinstance(value, str):
            found.add(("wrong_type", path))
        elif value is not None and path in FORMS and not re.fullmatch(FORMS[path], value):
            found.add(("bad_format", path))
    found |= {entry for path in AMOUNTS for entry in _amount(at(record, path), path)}
    found |= set(_timestamp(record.get("timestamp")))
    found |= set(_items(record.get("items")))
    found |= set(_codes(record))
    if not any(code in {"wrong_type", "missing_value"} for code, _ in found):
        found |= set(_sums(record))
        found |= set(_limit(record, rates, known=not any(code == "unknown_currency" for code, _ in found)))
    return found


def _twins(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Pairs):
        yield from (("twin_key", f"{path}{name}") for name in value.twins)
        for name, part in value.items():
            yield from _twins(part, f"{path}{name}.")
    elif isinstance(value, list):
        for part in value:
            yield from _twins(part, path)


def _amount(value: object, path: str) -> Iterator[tuple[str, str]]:
    if value is None:
        yield "missing_value", path
    elif not isinstance(value, Decimal) or -value.as_tuple().exponent > 2:  # type: ignore[operator]
        yield "wrong_type", path


def _timestamp(value: object) -> Iterator[tuple[str, str]]:
    if value is None:
        yield "missing_value", "timestamp"
    elif not isinstance(value, str):
        yield "wrong_type", "timestamp"
    elif datetime.fromisoformat(value) >= END:
        yield "future_date", "timestamp"


def _items(items: object) -> Iterator[tuple[str, str]]:
    if not isinstance(items, list):
        yield "wrong_type", "items"
        return
    assert 1 <= len(items) <= 200
    for place, item in enumerate(items):
        path = f"items[{place}]"
        quantity, product = item["quantity"], item.get("product_id")
        if product is None:
            yield "missing_value", f"{path}.product_id"
        elif not re.fullmatch(r"P-\d+", product):
            yield "bad_format", f"{path}.product_id"
        if item["category"] not in CATEGORIES:
            yield "unknown_category", f"{path}.category"
        if type(quantity) is not int:
            yield "wrong_type", f"{path}.quantity"
        elif not 1 <= quantity <= 999:
            yield "out_of_range", f"{path}.quantity"
        yield from _amount(item["unit_price"], f"{path}.unit_price")
        yield from _amount(item["line_total"], f"{path}.line_total")
        if type(quantity) is int and item["line_total"] != quantity * item["unit_price"]:
            yield "line_mismatch", f"{path}.line_total"


def _codes(record: Record) -> Iterator[tuple[str, str]]:
    currency = record["payment"].get("currency")
    if currency is not None and currency not in {"EUR", "USD", "GBP", "CHF", "SEK"}:
        yield "unknown_currency", "payment.currency"
    assert record["payment"]["method"] in {"card", "paypal", "invoice", "transfer"}
    assert record["status"] in {"completed", "pending", "refunded"}
    card = record["payment"]["card_last4"]
    assert (card is None) == (record["payment"]["method"] != "card")
    assert card is None or re.fullmatch(r"\d{4}", card)
    form = POSTAL.get(record["customer"]["country"], ".{2,10}")
    assert re.fullmatch(form, record["shipping"]["postal_code"])


def _sums(record: Record) -> Iterator[tuple[str, str]]:
    lines = sum(item["line_total"] for item in record["items"])
    if lines + record["tax"] + record["shipping"]["cost"] != record["total"]:
        yield "total_mismatch", "total"
    assert record["subtotal"] == lines
    prices = [item["unit_price"] for item in record["items"]]
    if min(*prices, record["subtotal"], record["tax"], record["total"], record["shipping"]["cost"]) < 0:
        yield "negative_amount", "total"


def _limit(record: Record, rates: dict[tuple[str, str], Decimal], *, known: bool) -> Iterator[tuple[str, str]]:
    rate = rates.get((record["payment"]["currency"], record["timestamp"][:10]))
    if rate is not None and record["total"] * rate > Decimal("2500.00"):
        yield "over_limit", "total"
    assert rate is not None or not known or record["timestamp"] > "2028", "a row of this time has a rate"


def read_run(run: Generated) -> Reading:
    """Read all sound files in the order of their names, and the answers to their rows."""
    header, *lines = (json.loads(line) for line in run.answers.read_text().splitlines())
    reading = Reading(header=header, rates=read_rates())
    reading.file_answers = [line for line in lines if line["record"] is None]
    answers = {(line["file"], line["record"]): line for line in lines if line["record"]}
    damaged = {line["file"] for line in reading.file_answers}
    seen: dict[str, Record] = {}
    for path in sorted(path for path in run.files if path.name not in damaged):
        document = json.loads(path.read_bytes(), parse_float=Decimal, object_pairs_hook=Pairs)
        assert document["transaction_count"] == len(document["transactions"])
        for record, raw in enumerate(document["transactions"], start=1):
            answer = answers.pop((path.name, record), {})
            found = breaches(raw, reading.rates)
            identity = raw.get("transaction_id")
            if identity in seen:
                found.add(("duplicate_id" if seen[identity] == raw else "key_conflict", "transaction_id"))
            elif identity is not None:
                seen[identity] = raw
            reading.rows.append(Row(file=path.name, record=record, raw=raw, breaches=found, answer=answer))
    assert not answers, "every answer speaks of a row that is there"
    return reading


@pytest.fixture(scope="session", params=[11, 12, 13])
def reading(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Reading:
    """Three runs of other seeds, each read once for all tests."""
    seed: int = request.param
    options = SalesOptions(count=3_000, files=3, seed=seed, defects=0.06, end=END)
    folder = tmp_path_factory.mktemp(f"seed{seed}")
    return read_run(generate_sales(options, folder, rates=RATES, progress=lambda _: None))


def test_clean_rows_break_nothing(reading: Reading) -> None:
    assert {(row.file, row.record): row.breaches for row in reading.clean() if row.breaches} == {}


@pytest.mark.parametrize("kind", BY_RULE)
def test_a_defect_breaks_what_the_key_says_and_nothing_else(reading: Reading, kind: str) -> None:
    rows = reading.of(kind)
    assert rows
    for row in rows:
        assert row.breaches == {(row.answer["code"], row.answer["column"])}, (row.answer, row.raw)
        assert row.answer["decided_by"] == "rule"
        assert row.answer["transaction_id"] == row.raw.get("transaction_id")


@pytest.mark.parametrize("kind", BY_STATISTICS)
def test_a_statistical_defect_breaks_no_rule(reading: Reading, kind: str) -> None:
    rows = reading.of(kind)
    assert rows
    assert {code for row in rows for code in row.breaches} == set()
    assert {(row.answer["verdict"], row.answer["decided_by"], row.answer["code"]) for row in rows} == {
        ("accepted", "statistics", kind)
    }


def test_verdicts(reading: Reading) -> None:
    rejected = {"wrong_type", "negative_amount", "future_date"}
    for row in reading.rows:
        if not row.answer or row.answer["decided_by"] == "statistics":
            continue
        kind, verdict = row.answer["kind"], row.answer["verdict"]
        if kind.startswith("duplicate"):
            assert verdict == "duplicate"
        elif kind in rejected or (kind, row.answer["column"]) == ("missing_field", "transaction_id"):
            assert verdict == "rejected"
        else:
            assert verdict == "held"


def test_the_share_and_the_kinds_are_as_asked(reading: Reading) -> None:
    counts = Counter(row.answer["kind"] for row in reading.rows if row.answer)
    assert counts == reading.header["injected"]
    assert sum(counts.values()) == 180
    assert set(counts) == {*BY_RULE, *BY_STATISTICS}
    assert max(counts.values()) <= 3 * min(counts.values())


def test_tax_is_rounded_half_up(reading: Reading) -> None:
    for row in reading.clean():
        share = Decimal(TAX[row.raw["customer"]["country"]]) / 10_000
        assert row.raw["tax"] == (row.raw["subtotal"] * share).quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_copies_come_after_their_model(reading: Reading) -> None:
    rows = {(row.file, row.record): row for row in reading.rows}
    for kind in ("duplicate_within", "duplicate_across", "key_conflict"):
        for row in reading.of(kind):
            model = rows[tuple(row.answer["model"])]
            assert not model.answer
            assert model.raw["transaction_id"] == row.raw["transaction_id"]
            assert (model.raw == row.raw) == (kind != "key_conflict")
            assert (model.file < row.file) == (kind == "duplicate_across")
            assert (model.file, model.record) < (row.file, row.record)


def test_an_absurd_amount_is_far_over_the_limit(reading: Reading) -> None:
    assert all(12_000 <= reading.euros(row) <= 80_000 for row in reading.of("absurd_amount"))


def test_a_high_amount_is_25_times_the_median_of_an_established_customer(reading: Reading) -> None:
    history = _by_customer(reading.clean())
    for row in reading.of("high_amount"):
        before = [other for other in history[row.raw["customer"]["customer_id"]] if other.time < row.time]
        assert len(before) >= 8
        usual = statistics.median(reading.euros(other) for other in before)
        assert 25 * usual <= reading.euros(row) < 2500


def test_a_burst_is_8_orders_of_one_customer_within_5_minutes(reading: Reading) -> None:
    for group in _groups(reading.of("burst")):
        assert len(group) == 8
        assert len({row.raw["customer"]["customer_id"] for row in group}) == 1
        assert len({row.file for row in group}) == 1
        assert max(row.time for row in group) - min(row.time for row in group) <= 300


def test_a_repeated_card_is_used_by_6_customers_within_an_hour(reading: Reading) -> None:
    for group in _groups(reading.of("repeated_card")):
        assert len({row.raw["customer"]["customer_id"] for row in group}) == len(group) == 6
        assert len({row.raw["payment"]["card_last4"] for row in group}) == 1
        assert max(row.time for row in group) - min(row.time for row in group) <= 3600


def test_an_odd_hour_is_a_night_order_of_a_customer_known_by_day(reading: Reading) -> None:
    history = _by_customer(reading.clean())
    for row in reading.of("odd_hour"):
        assert 1 <= int(row.raw["timestamp"][11:13]) <= 4
        assert sum(other.time < row.time for other in history[row.raw["customer"]["customer_id"]]) >= 8


def test_an_odd_price_is_200_times_the_median_of_its_category_or_a_200th(reading: Reading) -> None:
    usual = _usual_prices(reading)
    orders = Counter(row.raw["customer"]["customer_id"] for row in reading.rows if "customer_id" in row.raw["customer"])
    for row in reading.of("odd_price"):
        away = [price / usual[category] for category, price in reading.prices([row])]
        place = int(row.answer["column"].removeprefix("items[").removesuffix("].unit_price"))
        assert [item for item, ratio in enumerate(away) if not 1 / 80 < ratio < 80] == [place]
        assert not 1 / 200 < away[place] < 200
        assert away[place] < 1 or orders[row.raw["customer"]["customer_id"]] < 8, "else the amount would be odd as well"


def test_prices_are_odd_in_both_directions(tmp_path: Path) -> None:
    kinds = frozenset({Defect.ODD_PRICE})
    options = SalesOptions(count=2_000, customers=350, seed=11, defects=0.02, kinds=kinds, end=END)
    reading = read_run(generate_sales(options, tmp_path / "run", rates=RATES, progress=lambda _: None))
    usual = _usual_prices(reading)
    rows = reading.of("odd_price")
    away = [price / usual[category] for category, price in reading.prices(rows)]
    assert len(rows) == 40
    assert sum(ratio > 200 for ratio in away) >= 10
    assert sum(ratio < 1 / 200 for ratio in away) >= 20


def test_clean_rows_are_no_anomalies_by_chance(reading: Reading) -> None:
    clean = reading.clean()
    assert not any(1 <= int(row.raw["timestamp"][11:13]) <= 4 for row in clean)
    for rows in _by_customer(clean).values():
        times = sorted(row.time for row in rows)
        assert all(later - earlier > 300 for earlier, later in zip(times, times[2:], strict=False))
        usual = statistics.median(reading.euros(row) for row in rows)
        assert all(usual / 4 < reading.euros(row) < 4 * usual for row in rows)
    median = _usual_prices(reading)
    assert all(1 / 80 < price / median[category] < 80 for category, price in reading.prices(clean))
    cards: dict[str | None, set[str]] = defaultdict(set)
    for row in clean:
        cards[row.raw["payment"]["card_last4"]].add(row.raw["customer"]["customer_id"])
    assert max(len(customers) for card, customers in cards.items() if card) <= 3


def test_rows_are_sorted_by_time_and_ids_are_their_own(reading: Reading) -> None:
    clean = reading.clean()
    assert all(earlier.time <= later.time for earlier, later in pairwise(clean))
    assert len({row.raw["transaction_id"] for row in clean}) == len(clean)
    assert all(row.raw["transaction_id"][1:9] == row.raw["timestamp"][:10].replace("-", "") for row in clean)


def _usual_prices(reading: Reading) -> dict[str, Decimal]:
    """Median price in EUR by category."""
    found: dict[str, list[Decimal]] = defaultdict(list)
    for category, price in reading.prices(reading.clean()):
        found[category].append(price)
    return {category: statistics.median(prices) for category, prices in found.items()}


def _by_customer(rows: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.raw["customer"]["customer_id"]].append(row)
    return found


def _groups(rows: list[Row]) -> list[list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.answer["group"]].append(row)
    assert found
    return list(found.values())


@settings(max_examples=25, deadline=None)
@given(
    count=st.integers(8, 400),
    files=st.integers(1, 5),
    defects=st.floats(0, 0.3),
    days=st.integers(1, 60),
    seed=st.integers(0, 10**6),
)
def test_any_small_run_is_what_its_key_says(
    tmp_path_factory: pytest.TempPathFactory, count: int, files: int, defects: float, days: int, seed: int
) -> None:
    options = SalesOptions(count=count, files=files, defects=defects, days=days, seed=seed, end=END)
    folder = tmp_path_factory.mktemp("any")
    reading = read_run(generate_sales(options, folder, rates=RATES, progress=lambda _: None))
    assert len(reading.rows) == count
    assert sum(bool(row.answer) for row in reading.rows) <= int(defects * count + 0.5)
    for row in reading.rows:
        by_rule = row.answer.get("decided_by") == "rule"
        assert row.breaches == ({(row.answer["code"], row.answer["column"])} if by_rule else set())
