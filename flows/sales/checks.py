"""Checks of sales that SQL says badly: a function from an Arrow batch to a boolean mask, True where the row passes."""  # noqa: INP001

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa

HOUR_US = 3_600_000_000
CUSTOMERS = 3
"""So many customers may use one card within an hour."""


def card_of_few_customers(rows: pa.RecordBatch) -> pa.BooleanArray:
    """False for each sale within an hour in which its card served more than three customers.

    Takes `customer.customer_id`, `payment.card_last4` and `timestamp`; the rows of a card are all in one batch, other
    cards may be in it too. Sales without card, customer or time pass.
    """
    cards, customers = rows.column("payment.card_last4"), rows.column("customer.customer_id")
    times = rows.column("timestamp").cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    whole = np.array([column.is_valid().to_numpy(zero_copy_only=False) for column in (cards, customers, times)]).all(
        axis=0
    )
    passed = np.ones(rows.num_rows, dtype=bool)
    chosen = np.flatnonzero(whole)
    if len(chosen) > CUSTOMERS:
        kept = pa.array(chosen)
        card, customer = (_codes(column.take(kept)) for column in (cards, customers))
        time = times.take(kept).to_numpy()
        order = np.lexsort((time, card))
        passed[chosen[order]] = ~_shared(card[order], customer[order], time[order])
    return pa.array(passed)


def _codes(column: pa.Array) -> np.ndarray:
    return column.dictionary_encode().indices.to_numpy()


def _shared(card: np.ndarray, customer: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Rows, sorted by card and time, that lie in an hour of one card with more than `CUSTOMERS` customers."""
    shared = np.zeros(len(card), dtype=bool)
    # Four customers within an hour are at least four sales within it: nearly no row is left after this comparison.
    close = (card[CUSTOMERS:] == card[:-CUSTOMERS]) & (time[CUSTOMERS:] - time[:-CUSTOMERS] <= HOUR_US)
    for start in np.flatnonzero(close):
        card_end = np.searchsorted(card, card[start], "right")
        end = start + np.searchsorted(time[start:card_end], time[start] + HOUR_US, "right")
        if len(Counter(customer[start:end].tolist())) > CUSTOMERS:
            shared[start:end] = True
    return shared
