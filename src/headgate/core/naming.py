"""Names that several steps and readers use: tables of a flow, columns of ours, objects of the vault."""

from __future__ import annotations

import os

DELIVERY = "_delivery"  # id of the delivery that a row came with
ROW = "_row"  # its number there, from 1
AMENDMENT = "_amendment"  # id of the delivery by which a row came that was held first; none for most
RECORD = "_record"  # fingerprint of the record's values, by which a twin is told from a conflict
QUARANTINE = "quarantine"
ACCEPTED = "accepted"  # what silver tasks read: the accepted rows, in the contract's columns


def table_name(flow: str, layer: str, name: str) -> str:
    """A table's name: flow/layer/name."""
    return f"{flow}/{layer}/{name}"


def quarantine_table(flow: str) -> str:
    """The table of rows that were not published."""
    return table_name(flow, QUARANTINE, "rows")


def outcomes_table(flow: str) -> str:
    """The table that says what became of rows that were held."""
    return table_name(flow, QUARANTINE, "outcomes")


def application_name(project: str, flow: str, epoch: int) -> str:
    """Name of a flow's transactions in its tables."""
    return f"headgate:{project}/{flow}/{epoch}"


def as_text(name: str) -> str:
    r"""A file's name or path as text, which the log and JSON can hold: what is no UTF-8 in it is written out.

    >>> as_text("caf\udce9.csv")
    'caf\\xe9.csv'
    """
    return os.fsencode(name).decode("utf-8", "backslashreplace")
