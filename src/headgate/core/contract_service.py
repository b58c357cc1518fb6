"""Reads what a contract says beside its rules: service levels, owners, and whom alerts name."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from headgate.core.contract import Column, Freshness
from headgate.core.near_name import did_you_mean
from headgate.core.yaml_cursor import Cursor

_SECONDS = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86400,
    "week": 7 * 86400,
    "year": 365 * 86400,
}
_SHORT = {"s": "second", "sec": "second", "min": "minute", "h": "hour", "hr": "hour", "d": "day", "w": "week",
          "y": "year", "yr": "year"}  # fmt: skip
_DAY_S = 86400
_AGE = ("latency", "freshness")


class ServiceLevels(msgspec.Struct, frozen=True, kw_only=True):
    """What `slaProperties` promise."""

    freshness: tuple[Freshness, ...] = ()
    frequency_s: Decimal | None = None
    retention_days: int | None = None


def read_service_levels(document: Cursor, record: str, columns: tuple[Column, ...]) -> ServiceLevels:
    """Latency, freshness, frequency and retention; the other properties of the standard have no effect here."""
    freshness: list[Freshness] = []
    frequency_s: Decimal | None = None
    retention_days: int | None = None
    for entry in document.items("slaProperties"):
        name = entry.word("property").lower()
        if name in _AGE:
            freshness.extend(_freshness(document, entry, record, columns))
        elif name == "frequency":
            frequency_s = _duration_s(entry)
        elif name == "retention":
            limit_s = _duration_s(entry)
            retention_days = None if limit_s is None else int(limit_s // _DAY_S)
    return ServiceLevels(freshness=tuple(freshness), frequency_s=frequency_s, retention_days=retention_days)


def read_team(document: Cursor) -> tuple[tuple[str, str], ...]:
    """(account, role) of the team's members; v3.1's list without a team around it is read as well."""
    team = document.at("team")
    members = document.items("team") if isinstance(team.value, list) else team.items("members")
    return tuple((member.word("username"), member.word("role")) for member in members)


def read_support(document: Cursor) -> tuple[tuple[str, str], ...]:
    """(channel, link) in the order of the document."""
    return tuple((entry.word("channel"), entry.word("url")) for entry in document.items("support"))


def _freshness(document: Cursor, entry: Cursor, record: str, columns: tuple[Column, ...]) -> list[Freshness]:
    limit_s = _duration_s(entry)
    elements = entry.word("element") or document.word("slaDefaultElement")
    found: list[Freshness] = []
    paths = {column.path for root in columns for column in root.walk()}
    for element in filter(None, (part.strip() for part in elements.split(","))):
        path = element.removeprefix(f"{record}.")
        if path not in paths:
            entry.problem(f"{element!r} is no column.", did_you_mean(path, paths))
        elif limit_s is not None:
            found.append(Freshness(column=path, limit_s=limit_s, description=entry.word("description")))
    if not elements:
        entry.problem("no column is named whose newest value counts.", f"Write `element: {record}.…`.")
    return found


def _duration_s(entry: Cursor) -> Decimal | None:
    """Seconds of `value` and `unit`."""
    value, unit = entry.decimal("value"), entry.word("unit", "d").lower()
    name = _SHORT.get(unit, unit.removesuffix("s"))
    if name not in _SECONDS:
        entry.at("unit").problem(f"the unit is {unit!r}.", f"Write one of {', '.join(_SHORT)}.")
        return None
    return None if value is None else value * _SECONDS[name]
