"""Whether a delivery goes on or is held as a whole, and why."""

from __future__ import annotations

from decimal import Decimal

from headgate.core.batches import CheckedDelivery
from headgate.core.contract import Contract
from headgate.core.flow import Flow, NewVersion
from headgate.core.reasons import Consequence, ReasonCode
from headgate.core.records import Counts, ReasonCount

UNKNOWN_SHARE = Decimal("0.01")  # of records with a column that the contract does not name: drift from there on
NOT_IN_FORCE = frozenset({"draft", "proposed", "retired"})  # states of a contract that publishes nothing
RETYPED_SHARE = Decimal("0.5")  # of a column's values that have another type: drift from there on


def share_accepted(counts: Counts) -> Decimal | None:
    """Accepted rows among those that are no duplicates; None where there are none."""
    rest = counts.received - counts.duplicate
    return Decimal(counts.accepted) / rest if rest else None


def holding(
    flow: Flow,
    one: CheckedDelivery,
    counts: Counts,
    reasons: tuple[ReasonCount, ...],
    *,
    has_earlier: bool,
) -> dict[str, str]:
    """Reason codes that hold the delivery, each with what was found in words; empty where it goes on."""
    held = _drift(flow, one, counts, reasons) if flow.checking.drift == "hold" else {}
    if flow.contract.status in NOT_IN_FORCE:
        contract = flow.contract
        held[ReasonCode.CONTRACT_DRAFT] = f"contract {contract.id} {contract.version} is {contract.status}"
    if one.faults and not flow.source.salvage:
        held[ReasonCode.MALFORMED] = f"{one.faults} stretch(es) of bytes are no record"
    if one.stated is not None and one.stated != one.received:
        held[ReasonCode.STATED_COUNT] = f"the sender states {one.stated}, received were {one.received}"
    for broken in one.broken:
        if broken.consequence is not Consequence.WARN:
            held[broken.code] = f"rule {broken.rule} found {broken.found}"
    if has_earlier and flow.source.new_version is NewVersion.HOLD:
        held[ReasonCode.NEW_VERSION] = "a file of this name came before with other content"
    if flow.checking.all_or_nothing and counts.accepted < counts.received - counts.duplicate:
        held[ReasonCode.NOT_ALL_ACCEPTED] = f"{counts.held + counts.rejected} row(s) are not accepted"
    share = share_accepted(counts)
    if share is None or share < flow.checking.accept_at_least:
        found = "no row" if share is None else f"{share:.4f}"
        held[ReasonCode.BELOW_THRESHOLD] = f"accepted {found} of at least {flow.checking.accept_at_least}"
    return held


def _drift(
    flow: Flow,
    one: CheckedDelivery,
    counts: Counts,
    reasons: tuple[ReasonCount, ...],
) -> dict[str, str]:
    held: dict[str, str] = {}
    if one.columns_missing:
        held[ReasonCode.MISSING_COLUMN] = ", ".join(one.columns_missing)
    unknown = list(one.columns_unknown)
    unknown += [
        reason.column
        for reason in reasons
        if reason.code == ReasonCode.UNKNOWN_COLUMN and reason.rows >= UNKNOWN_SHARE * counts.received
    ]
    if unknown:
        held[ReasonCode.UNKNOWN_COLUMN] = ", ".join(dict.fromkeys(unknown))
    retyped = [
        path for path, rows in _wrong_types(flow.contract, reasons).items() if rows >= RETYPED_SHARE * counts.received
    ]
    if retyped:
        held[ReasonCode.RETYPED_COLUMN] = ", ".join(retyped)
    return held


def _wrong_types(contract: Contract, reasons: tuple[ReasonCount, ...]) -> dict[str, int]:
    paths = {column.path for column in contract.walk()}
    rows: dict[str, int] = {}
    for reason in reasons:
        if reason.code == ReasonCode.WRONG_TYPE and reason.column in paths:
            rows[reason.column] = rows.get(reason.column, 0) + reason.rows
    return rows
