"""Orders as JSON text, one object an order, by joining whole columns."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headgate.generate.catalogue import Catalogue
from headgate.generate.draws import Ints
from headgate.generate.orders import SHIPPING, STATUSES, Orders
from headgate.generate.places import CURRENCIES
from headgate.generate.population import CARD_ENDINGS, METHODS, Population, chosen
from headgate.generate.seasons import DAY_SECONDS


class OrderText:
    """Writes orders; the parts that repeat (customers, homes, products) are put together once."""

    def __init__(self, population: Population, catalogue: Catalogue, *, first_number: int, last_number: int) -> None:
        self._first = first_number
        self._digits = max(5, len(str(last_number)))
        self._customer = _joined(
            '{"customer_id":"', population.customer_id, '","name":"', population.name, '","email":"', population.email,
            '","country":"', population.country_code, '"}',
        )  # fmt: skip
        self._home = _joined(
            '{"address":"', population.address, '","city":"', population.city, '","postal_code":"',
            population.postal_code, '","method":"',
        )  # fmt: skip
        self._product = _joined(
            '{"product_id":"', catalogue.product_id, '","name":"', catalogue.name, '","category":"',
            catalogue.category, '","quantity":',
        )  # fmt: skip

    def ids(self, row: Ints, time: Ints) -> pa.StringArray:
        """Transaction ids: T, the day, a number that is unique in the run."""
        number = pc.utf8_lpad(pc.cast(pa.array(row + self._first), pa.string()), self._digits, "0")
        return _joined("T", _days(time, ""), "-", number)

    def objects(self, orders: Orders) -> pa.StringArray:
        """One JSON object an order, without space or line break; money with two decimals."""
        customer = pa.array(orders.customer)
        card = _cards().take(pa.array(orders.card % (CARD_ENDINGS + 1)))
        return _joined(
            '{"transaction_id":"', self.ids(orders.row, orders.time),
            '","timestamp":"', _days(orders.time, "-"), "T", _clock().take(pa.array(orders.time % DAY_SECONDS)),
            'Z","customer":', self._customer.take(customer),
            ',"items":[', self._items(orders),
            '],"payment":{"method":"', chosen(METHODS, orders.method),
            '","card_last4":', card,
            ',"currency":"', chosen(CURRENCIES, orders.currency),
            '"},"shipping":', self._home.take(customer), chosen(SHIPPING, orders.shipping),
            '","cost":', money(orders.cost),
            '},"subtotal":', money(orders.subtotal),
            ',"tax":', money(orders.tax),
            ',"total":', money(orders.total),
            ',"status":"', chosen(STATUSES, orders.status), '"}',
        )  # fmt: skip

    def _items(self, orders: Orders) -> pa.StringArray:
        texts = _joined(
            self._product.take(pa.array(orders.product)), pc.cast(pa.array(orders.quantity), pa.string()),
            ',"unit_price":', money(orders.unit_price), ',"line_total":', money(orders.line_total), "}",
        )  # fmt: skip
        lists = pa.ListArray.from_arrays(pa.array(orders.begin.astype(np.int32)), texts)
        return pc.binary_join(lists, ",")


def money(cents: Ints) -> pa.StringArray:
    """Amounts as text with two decimals.

    >>> money(np.array([5, 1299])).to_pylist()
    ['0.05', '12.99']
    """
    words = np.stack((cents, cents >> 63), axis=1)  # a 128-bit decimal is two words, the lower first
    decimals = pa.Array.from_buffers(pa.decimal128(18, 2), len(cents), [None, pa.py_buffer(words)])
    return pc.cast(decimals, pa.string())


def _joined(*parts: str | pa.StringArray) -> pa.StringArray:
    return pc.binary_join_element_wise(*parts, "")


def _days(time: Ints, separator: str) -> pa.StringArray:
    day = time // DAY_SECONDS
    distinct, place = np.unique(day, return_inverse=True)
    words = np.datetime_as_string(distinct.astype("datetime64[D]"))
    return chosen((str(word).replace("-", separator) for word in words), place.astype(np.int64))


@cache
def _clock() -> pa.StringArray:
    """Each second of a day as 07:41:09."""
    return pa.array([f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(DAY_SECONDS)], pa.string())


@cache
def _cards() -> pa.StringArray:
    """Each ending of a card as a JSON value; after the last comes what orders without a card have."""
    return pa.array([*(f'"{ending:04d}"' for ending in range(CARD_ENDINGS)), "null"], pa.string())
