"""Checks of sales that SQL says badly: a function from an Arrow batch to a boolean mask, True where the row passes."""  # noqa: INP001

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa

HOUR = np.timedelta64(1, "h")
CUSTOMERS = 3
"""So many customers may use one card within an hour."""


def card_of_few_customers(rows: pa.RecordBatch) -> np.ndarray:
    """False for each sale within an hour in which its card served more than three customers.

    Takes `customer.customer_id`, `payment.card_last4` and `timestamp`; the rows of a card are all in one batch, other
    cards may be in it too. Sales without card, customer or time pass.
    """
    card, customer = (_codes(rows.column(name)) for name in ("payment.card_last4", "customer.customer_id"))
    time = rows.column("timestamp").to_numpy(zero_copy_only=False)
    passed = np.ones(rows.num_rows, dtype=bool)
    chosen = np.flatnonzero(~(np.isnan(card) | np.isnan(customer) | np.isnat(time)))
    if len(chosen) > CUSTOMERS:
        card, customer, time = card[chosen], customer[chosen], time[chosen]
        order = np.lexsort((time, card))
        passed[chosen[order]] = ~_shared(card[order], customer[order], time[order])
    return passed


def _codes(column: pa.Array) -> np.ndarray:
    """A number for each value, the same for equal ones; NaN for none."""
    return column.dictionary_encode().indices.to_numpy(zero_copy_only=False)


def _shared(card: np.ndarray, customer: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Rows, sorted by card and time, that lie in an hour of one card with more than `CUSTOMERS` customers."""
    shared = np.zeros(len(card), dtype=bool)
    # Four customers within an hour are at least four sales within it: nearly no row is left after this comparison.
    close = (card[CUSTOMERS:] == card[:-CUSTOMERS]) & (time[CUSTOMERS:] - time[:-CUSTOMERS] <= HOUR)
    for start in np.flatnonzero(close):
        card_end = np.searchsorted(card, card[start], "right")
        end = start + np.searchsorted(time[start:card_end], time[start] + HOUR, "right")
        if len(Counter(customer[start:end].tolist())) > CUSTOMERS:
            shared[start:end] = True
    return shared
