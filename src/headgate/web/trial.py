"""A change that somebody wants to try, as a form says it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from starlette.datastructures import FormData

from headgate.core.flow import Flow
from headgate.core.platform import Platform

MOST_DELIVERIES = 50
MOST_ROWS = 50_000  # of all together
USUAL_DELIVERIES = 10
VALUE = "value."  # before a parameter's name
_MOST_DIGITS = 3


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal as somebody typed it."""

    values: Mapping[str, str] = {}  # of parameters by name
    contract_text: str | None = None
    newest: int = USUAL_DELIVERIES


def read_trial(form: FormData, in_force: str) -> Trial:
    """What a form proposes; empty fields, and a contract whose text is that in force, propose nothing."""
    texts = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    values = {name.removeprefix(VALUE): text.strip() for name, text in texts.items() if name.startswith(VALUE)}
    newest = texts.get("newest", "")
    contract = texts.get("contract", "").replace("\r\n", "\n").strip()  # as forms end their lines
    counted = newest.isascii() and newest.isdecimal() and len(newest) <= _MOST_DIGITS
    return Trial(
        values={name: text for name, text in values.items() if text},
        contract_text=contract if contract not in {"", in_force.strip()} else None,
        newest=max(1, int(newest)) if counted else USUAL_DELIVERIES,
    )


def contract_text(platform: Platform, flow: Flow) -> str:
    """The text of the contract in force, to be edited; empty where the ledger has none yet."""
    return platform.ledger.contract(digest=flow.contract.digest) or ""
