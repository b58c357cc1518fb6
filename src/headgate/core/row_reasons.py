"""The reason that a row carries, as SQL of a struct and as a Python value; its fields are those of REASON, in order."""

from __future__ import annotations

from typing import Any

import msgspec

from headgate.core.reasons import WEIGHT, Consequence
from headgate.core.sql import literal


class ReasonSql(msgspec.Struct, frozen=True, kw_only=True):
    """One reason as the engine makes it."""

    code: str  # SQL
    column: str  # SQL of the path as in the record: items[2].quantity
    path: str  # SQL of the path as in the contract: items[].quantity
    value: str  # SQL of a text
    rule: str  # id
    consequence: Consequence
    place: int  # of the rule in the contract
    weight: str = ""  # SQL; empty: that of the consequence

    @property
    def text(self) -> str:
        """SQL of the struct."""
        fields = {
            "code": self.code,
            "column": self.column,
            "path": self.path,
            "value": self.value,
            "rule": literal(self.rule),
            "consequence": literal(self.consequence),
            "weight": self.weight or str(WEIGHT[self.consequence]),
            "place": str(self.place),
        }
        return "{" + ", ".join(f"'{name}': {sql}" for name, sql in fields.items()) + "}"


def reason_value(
    *, code: str, column: str, value: str | None, rule: str, consequence: Consequence, place: int
) -> dict[str, Any]:
    """One reason for an Arrow column of REASON; `column` is the path in the record and in the contract alike."""
    return {
        "code": code,
        "column": column,
        "path": column,
        "value": value,
        "rule": rule,
        "consequence": consequence.value,
        "weight": WEIGHT[consequence],
        "place": place,
    }
