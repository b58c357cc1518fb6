"""Breaks one record in exactly one way. All sums that the defect does not speak of stay right."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from headgate.generate.defects import Defect
from headgate.generate.draws import DrawSeries
from headgate.generate.places import COUNTRIES

Record = dict[str, Any]

_CENT = Decimal("0.01")
_TAX = {place.code: Decimal(place.tax_basis_points) / 10_000 for place in COUNTRIES}
_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")

REQUIRED = (
    "transaction_id",
    "timestamp",
    "customer.customer_id",
    "customer.email",
    "payment.currency",
    "items[].product_id",
    "total",
)
"""Columns that `missing_field` takes away."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a change must know beside the record."""

    draws: DrawSeries
    end: datetime
    rate: float  # EUR for one unit of the record's currency on its day
    value: int = 0  # factor of the quantities, card, or price in cents
    item: int = 0  # position of the line that gets the price
    model_id: str = ""  # id that is taken from another record


def changed(kind: Defect, text: bytes, facts: Facts) -> tuple[bytes, str]:
    """The record's JSON with the defect, and the column that it is in, elements counted from 0."""
    record: Record = _DECODER.decode(text)
    column = CHANGES[kind](record, facts)
    broken = _ENCODER.encode(record)
    return (_twin(broken, record, column), column) if kind is Defect.TWIN_KEYS else (broken, column)


def _missing_field(record: Record, facts: Facts) -> str:
    path = _indexed(record, facts.draws.pick(REQUIRED), facts.draws)
    holder, key = _holder(record, path)
    if facts.draws.below(2):
        holder[key] = None
    else:
        del holder[key]
    return path


def _wrong_type(record: Record, facts: Facts) -> str:
    path = facts.draws.pick(("items[].quantity", "items[].quantity", "total", "tax", "items", "timestamp"))
    path = _indexed(record, path, facts.draws)
    holder, key = _holder(record, path)
    value = holder[key]
    if key == "quantity":
        holder[key] = facts.draws.pick((str(value), value + Decimal("0.5"), True, {}))
    elif key == "total":
        holder[key] = str(value)
    elif key == "tax":
        holder[key] = value + Decimal("0.005")
    elif key == "items":
        holder[key] = value[0]
    else:
        holder[key] = int(datetime.fromisoformat(value).timestamp())
    return path


def _negative_amount(record: Record, facts: Facts) -> str:
    if facts.draws.below(3):
        for item in record["items"]:
            item["unit_price"] = -item["unit_price"]
    else:
        # Less than the items come to, so that the total itself stays above zero.
        record["shipping"]["cost"] = -(record["subtotal"] / 2).quantize(_CENT, ROUND_HALF_UP)
    _balance(record)
    return "total"


def _absurd_amount(record: Record, facts: Facts) -> str:
    wanted = facts.draws.between(12_000, 60_000)
    factor = math.ceil(wanted / (float(record["subtotal"]) * facts.rate))
    for item in record["items"]:
        item["unit_price"] *= factor
    _balance(record)
    return "total"


def _total_mismatch(record: Record, facts: Facts) -> str:
    off = Decimal(facts.draws.between(100, 4_000)).scaleb(-2)
    lower = record["total"] > off and facts.draws.below(2)
    record["total"] += -off if lower else off
    return "total"


def _line_mismatch(record: Record, facts: Facts) -> str:
    path = _indexed(record, "items[].line_total", facts.draws)
    item, key = _holder(record, path)
    item[key] += Decimal(facts.draws.between(50, 999)).scaleb(-2)
    _sum(record)
    return path


def _bad_quantity(record: Record, facts: Facts) -> str:
    path = _indexed(record, "items[].quantity", facts.draws)
    item, key = _holder(record, path)
    if facts.draws.below(2):
        item[key] = 0
    else:
        # At most 0.45 EUR a piece: the order stays under the limit, and the quantity is all that is wrong.
        item["unit_price"] = Decimal(facts.draws.between(5, max(5, int(45 / facts.rate)))).scaleb(-2)
        item[key] = facts.draws.between(1_000, 1_500)
    _balance(record)
    return path


def _unknown_category(record: Record, facts: Facts) -> str:
    path = _indexed(record, "items[].category", facts.draws)
    item, key = _holder(record, path)
    item[key] = facts.draws.pick(("Furniture", "Tools", "Garten", item[key].lower(), f"{item[key]} "))
    return path


def _unknown_currency(record: Record, facts: Facts) -> str:
    record["payment"]["currency"] = facts.draws.pick(("NOK", "JPY", "XXX", record["payment"]["currency"].lower()))
    return "payment.currency"


def _bad_format(record: Record, facts: Facts) -> str:
    path = facts.draws.pick(("transaction_id", "customer.email", "customer.country", "items[].product_id"))
    path = _indexed(record, path, facts.draws)
    holder, key = _holder(record, path)
    value: str = holder[key]
    broken = {
        "transaction_id": (value.lower(), value.replace("-", ""), f"{value}X"),
        "email": (value.replace("@", " at "), value.partition("@")[0], f"@{value.rpartition('@')[2]}"),
        "country": (value.lower(), f"{value}X", value[:1]),
        "product_id": (value.replace("-", "_"), value.lower(), f"{value}A"),
    }
    holder[key] = facts.draws.pick(broken[key])
    return path


def _future_date(record: Record, facts: Facts) -> str:
    later = facts.end + timedelta(days=facts.draws.between(730, 1_460), seconds=facts.draws.below(86_400))
    record["timestamp"] = later.strftime("%Y-%m-%dT%H:%M:%SZ")
    return "timestamp"


def _key_conflict(record: Record, facts: Facts) -> str:
    record["transaction_id"] = facts.model_id
    return "transaction_id"


def _twin_keys(_record: Record, facts: Facts) -> str:
    return facts.draws.pick(("transaction_id", "customer.email", "payment.currency", "total", "status"))


def _high_amount(record: Record, facts: Facts) -> str:
    for item in record["items"]:
        item["quantity"] *= facts.value
    _balance(record)
    return "total"


def _repeated_card(record: Record, facts: Facts) -> str:
    record["payment"] |= {"method": "card", "card_last4": f"{facts.value:04d}"}
    return "payment.card_last4"


def _odd_price(record: Record, facts: Facts) -> str:
    record["items"][facts.item]["unit_price"] = Decimal(facts.value).scaleb(-2)
    _balance(record)
    return f"items[{facts.item}].unit_price"


CHANGES: dict[Defect, Callable[[Record, Facts], str]] = {
    Defect.MISSING_FIELD: _missing_field,
    Defect.WRONG_TYPE: _wrong_type,
    Defect.NEGATIVE_AMOUNT: _negative_amount,
    Defect.ABSURD_AMOUNT: _absurd_amount,
    Defect.TOTAL_MISMATCH: _total_mismatch,
    Defect.LINE_MISMATCH: _line_mismatch,
    Defect.BAD_QUANTITY: _bad_quantity,
    Defect.UNKNOWN_CATEGORY: _unknown_category,
    Defect.UNKNOWN_CURRENCY: _unknown_currency,
    Defect.BAD_FORMAT: _bad_format,
    Defect.FUTURE_DATE: _future_date,
    Defect.KEY_CONFLICT: _key_conflict,
    Defect.TWIN_KEYS: _twin_keys,
    Defect.HIGH_AMOUNT: _high_amount,
    Defect.REPEATED_CARD: _repeated_card,
    Defect.ODD_PRICE: _odd_price,
}
"""Change a record in place, tell the column. Kinds that are missing here lie in the choice of rows and times alone."""


def _indexed(record: Record, path: str, draws: DrawSeries) -> str:
    """Choose the element of `items[]`, if the path has one."""
    return path.replace("[]", f"[{draws.below(len(record['items']))}]")


def _holder(record: Record, path: str) -> tuple[Record, str]:
    """The object that holds a column such as items[2].quantity, and the column's key in it."""
    *parents, key = path.split(".")
    holder: Record = record
    for parent in parents:
        name, _, place = parent.partition("[")
        holder = holder[name][int(place.rstrip("]"))] if place else holder[name]
    return holder, key


def _balance(record: Record) -> None:
    """Make all sums right again for the quantities and prices that stand in the record."""
    for item in record["items"]:
        item["line_total"] = item["quantity"] * item["unit_price"]
    _sum(record)


def _sum(record: Record) -> None:
    subtotal = sum((item["line_total"] for item in record["items"]), Decimal("0.00"))
    tax = (subtotal * _TAX[record["customer"]["country"]]).quantize(_CENT, ROUND_HALF_UP)
    record |= {"subtotal": subtotal, "tax": tax, "total": subtotal + tax + record["shipping"]["cost"]}


def _twin(text: bytes, record: Record, column: str) -> bytes:
    """Write a key a second time, with its own value, before the first: readers that take the last see no difference."""
    holder, key = _holder(record, column)
    pair = _ENCODER.encode(key) + b":" + _ENCODER.encode(holder[key])
    whole = _ENCODER.encode(holder)
    return text.replace(whole, b"{" + pair + b"," + whole[1:], 1)
