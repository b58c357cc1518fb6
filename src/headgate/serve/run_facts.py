"""What a run did to one flow, from the ledger: the facts that its report is made of, and that are kept with the run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from headgate.core.flow import Flow
from headgate.core.platform import Platform
from headgate.core.reason_words import in_words
from headgate.core.reasons import Verdict
from headgate.core.records import Counts, Delivery, Publication, Run
from headgate.core.states import DeliveryState
from headgate.serve.report_facts import (
    Balance,
    ContractFacts,
    DeliveryFacts,
    Noun,
    ParameterFacts,
    ReasonFacts,
    RunFacts,
    TableFacts,
)

USUAL = timedelta(days=30)
RUNS_READ = 1_000  # newest runs among which those of the last 30 days are looked for
FLOWS = "flows"  # member of a run's summary: flow -> what is kept of it
_SHARE = Decimal("0.000001")

Reason = tuple[str, str, str]
"""Verdict, code and column."""


class RunTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Which run it is, and when it was."""

    id: str
    started: datetime
    ended: datetime


def gather_facts(
    platform: Platform, flow: Flow, deliveries: Sequence[Delivery], publication: Publication, *, times: RunTimes
) -> RunFacts:
    """The facts of one flow in one run; `publication` is its last, whose tables the report reads."""
    counted = [one for one in deliveries if one.counts is not None]
    total = sum((one.counts for one in counted if one.counts), Counts())
    usual = usual_shares(platform.ledger.runs(newest=RUNS_READ), flow.name, before=times.started)
    parameters = tuple(_parameters(platform, flow, counted))
    told = _reasons(flow, counted, total.received, usual, {one.name: one.value for one in parameters})
    return RunFacts(
        run_id=times.id,
        flow=flow.name,
        flow_title=flow.contract.name or flow.name,
        started=times.started,
        ended=times.ended,
        noun=_noun(flow.contract.record),
        balance=balance_of(total),
        threshold=flow.checking.accept_at_least,
        deliveries=tuple(_delivery(one) for one in deliveries),
        reasons=tuple(reason for reason in told if reason.verdict is not None),
        warnings=tuple(reason for reason in told if reason.verdict is None),
        contract=ContractFacts(
            name=flow.contract.id,
            version=flow.contract.version,
            digest=flow.contract.digest,
            rules=len(flow.contract.rules),
        ),
        parameters=parameters,
        tables=tuple(_tables(publication)),
        headgate_version=platform.version,
    )


def balance_of(counts: Counts) -> Balance:
    """Counts in the words of a report: what is accepted is published once the publication is in."""
    return Balance(
        received=counts.received,
        published=counts.accepted,
        held=counts.held,
        rejected=counts.rejected,
        duplicate=counts.duplicate,
    )


def usual_shares(runs: Iterable[Run], flow: str, *, before: datetime) -> dict[Reason, Decimal] | None:
    """Share of the rows that each reason had over the runs of the 30 days before; None where there was none."""
    received, rows = 0, defaultdict[Reason, int](int)
    for run in runs:
        kept = run.summary.get(FLOWS, {}).get(flow)
        if kept is None or not before - USUAL <= run.started_at < before:
            continue
        facts = kept["facts"]
        received += facts["balance"]["received"]
        for reason in (*facts["reasons"], *facts["warnings"]):
            rows[reason["verdict"] or Verdict.ACCEPTED, reason["code"], reason["column"]] += reason["rows"]
    return {reason: _share(count, received) for reason, count in rows.items()} if received else None


def encode_facts(facts: RunFacts) -> dict[str, Any]:
    """Facts as plain JSON values, for the run's summary."""
    encoded: dict[str, Any] = msgspec.to_builtins(facts)
    return encoded


def decode_facts(kept: Mapping[str, Any]) -> RunFacts:
    """The facts that were kept; equal to those that were encoded."""
    return msgspec.convert(kept["facts"], RunFacts)


def _noun(record: str) -> Noun:
    """`transactions` -> transaction, transactions: contracts name the record in the plural."""
    if record.endswith("ies"):
        return Noun(one=f"{record[:-3]}y", many=record)
    if record.endswith("s") and not record.endswith("ss"):
        return Noun(one=record[:-1], many=record)
    return Noun(one=record, many=record)


def _delivery(one: Delivery) -> DeliveryFacts:
    held = one.state is DeliveryState.HELD
    return DeliveryFacts(
        id=one.id,
        file=one.name,
        state=one.state,
        counts=balance_of(one.counts) if one.counts is not None else None,
        held_reason=held_reason(one) if held else None,
    )


def held_reason(one: Delivery) -> str:
    """Why a delivery is held as a whole, in words."""
    why: Mapping[str, str] = one.facts.get("held", {})
    return "; ".join(f"{code}: {found}" for code, found in why.items()) or ", ".join(one.held_for)


def _reasons(
    flow: Flow,
    deliveries: Sequence[Delivery],
    received: int,
    usual: Mapping[Reason, Decimal] | None,
    values: Mapping[str, str],
) -> list[ReasonFacts]:
    rows: dict[Reason, int] = defaultdict(int)
    rules: dict[Reason, str] = {}
    for told in (reason for one in deliveries for reason in one.reasons):
        key = (told.verdict, told.code, told.column)
        rows[key] += told.rows
        rules.setdefault(key, told.rule)
    known = {rule.id: rule for rule in flow.contract.rules}
    return [
        ReasonFacts(
            verdict=None if key[0] == Verdict.ACCEPTED else Verdict(key[0]),
            code=key[1],
            column=key[2],
            rows=count,
            share=_share(count, received),
            usual_share=None if usual is None else usual.get(key, Decimal(0)),
            description=in_words(key[1], known.get(rules[key]), values),
        )
        for key, count in sorted(rows.items())
    ]


def _share(rows: int, received: int) -> Decimal:
    return (Decimal(rows) / max(received, 1)).quantize(_SHARE)


def _parameters(platform: Platform, flow: Flow, deliveries: Sequence[Delivery]) -> Iterable[ParameterFacts]:
    """Values by the versions that the last delivery was judged under; of a table only the version."""
    numbers = deliveries[-1].parameters if deliveries else {}
    own: Mapping[str, str] = deliveries[-1].facts.get("set", {}) if deliveries else {}
    values = {(one.name, one.number): one.value for one in platform.ledger.parameters(flow.name)}
    tables = {declaration.name for declaration in flow.parameters if declaration.type == "table"}
    for name, number in sorted(numbers.items()):
        value = own.get(name, values.get((name, number), ""))
        yield ParameterFacts(name=name, version=number, value="" if name in tables else value)


def _tables(publication: Publication) -> Iterable[TableFacts]:
    for table, version in sorted(publication.versions.items()):
        _, layer, name = table.split("/")
        if layer != "quarantine":
            yield TableFacts(name=f"{layer}.{name}", version=version)
