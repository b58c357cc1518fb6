"""Looks a project over: what is wrong, and what to do about each finding."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from headgate.core.cases import CaseFilter, Cases
from headgate.core.errors import HeadgateError, PublishError
from headgate.core.flow import Flow
from headgate.core.flow_files import CONTRACT_FILE
from headgate.core.overlay import is_amendment
from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.reasons import ReasonCode
from headgate.core.states import DeliveryState
from headgate.serve.agreed_contracts import AGREED, LEFT, contracts_beside
from headgate.serve.relations import standing_tables

LEAST_FREE_BYTES = 1 << 30
_RESTORE = "RESTORE"
_OTHERS = 0o077


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One check of the project."""

    check: str
    ok: bool
    found: str
    next: str = ""  # what to do; empty where all is well


def examine(
    platform: Platform, *, keys: Path, require: Callable[[Platform, Flow], None], cases: Cases
) -> Iterator[Finding]:
    """All checks, in order; `require` raises where a flow's tables lost what the ledger knows."""
    yield Finding(
        check="ledger", ok=True, found=f"at the schema of this version, {platform.ledger.log_size():,} events"
    )
    yield _keys(keys)
    for flow in platform.flows.values():
        yield _tables(platform, flow, require)
    yield _contracts(platform)
    yield _without_case(platform, cases)
    yield from _restored(platform)
    yield _open_publications(platform)
    yield _stage(platform)
    yield _log(platform)
    yield _waiting(platform)
    yield _disk(platform)


def _keys(folder: Path) -> Finding:
    open_to_others = [
        path for path in folder.iterdir() if path.suffix in {".key", ".secret"} and path.stat().st_mode & _OTHERS
    ]
    if not open_to_others:
        return Finding(check="keys", ok=True, found="readable by their owner alone")
    names = " ".join(str(path) for path in open_to_others)
    return Finding(
        check="keys",
        ok=False,
        found=f"{len(open_to_others)} can be read by others: {names}",
        next=f"`chmod 600 {names}`; if others may have read the signing key, `headgate keys rotate`",
    )


def _tables(platform: Platform, flow: Flow, require: Callable[[Platform, Flow], None]) -> Finding:
    check = f"tables of {flow.name}"
    try:
        require(platform, flow)
    except HeadgateError as error:
        return Finding(check=check, ok=False, found=str(error), next=f"`headgate doctor --repair {flow.name}`")
    return Finding(check=check, ok=True, found="stand where the ledger says, or further")


def _contracts(platform: Platform) -> Finding:
    """Contracts that people agreed to, and that are not in force."""
    check = "contracts"
    if left := [file for _, file in contracts_beside(platform.flows, LEFT)]:
        return Finding(
            check=check,
            ok=False,
            found=f"agreed to, but the contract in the folder was changed first, which stands: {left[0]}",
            next=f"compare it with {CONTRACT_FILE} beside it, accept anew what is meant, and remove the file",
        )
    if waiting := contracts_beside(platform.flows, AGREED):
        found = f"agreed to and not yet in force: of flow {waiting[0][0].name}"
        return Finding(check=check, ok=False, found=found, next="`headgate run` puts it in force")
    return Finding(check=check, ok=True, found="what was agreed to is in force")


def _without_case(platform: Platform, cases: Cases) -> Finding:
    """Deliveries with rows that wait and that nobody can decide about: they were held before there were cases."""
    states = (DeliveryState.HELD, DeliveryState.ARCHIVED)
    held = platform.ledger.deliveries(DeliveryFilter(states=states, rows_held=True))
    known = {case.delivery for case in cases.cases(CaseFilter())}
    alone = [
        one
        for one in held
        if one.id not in known
        and not is_amendment(one)
        and not (one.held_for and set(one.held_for) <= {ReasonCode.TABLE_MISSING})  # goes on by itself
    ]
    if not alone:
        return Finding(check="cases", ok=True, found="what is held has its case")
    rows = sum(one.counts.held for one in alone if one.counts is not None)
    return Finding(
        check="cases",
        ok=False,
        found=f"{rows:,} rows of {len(alone):,} deliveries wait in no case, such as those of {alone[0].id}",
        next=f"`headgate reprocess {alone[0].id}` judges it anew and opens its cases, `doctor --repair FLOW` all",
    )


def _restored(platform: Platform) -> Iterator[Finding]:
    """Tables that somebody set back: the transactions of what was taken away stay in the log, so only it tells."""
    for one in standing_tables(platform):
        try:
            snapshot = platform.tables.snapshot(one.table)
        except PublishError:
            continue  # the flow's own finding tells it
        if snapshot is None or snapshot.version <= one.version:
            continue
        since = [entry for entry in platform.tables.history(one.table) if entry.version > one.version]
        if any(entry.operation == _RESTORE for entry in since):
            yield Finding(
                check=f"table {one.table}",
                ok=False,
                found=f"was restored after version {one.version}, which the ledger knows",
                next=f"`headgate doctor --repair {one.flow}`",
            )


def _open_publications(platform: Platform) -> Finding:
    found = platform.ledger.publications(open_only=True)
    if not found:
        return Finding(check="publications", ok=True, found="none is open")
    told = ", ".join(f"{one.flow} {one.number}" for one in found)
    return Finding(check="publications", ok=False, found=f"open: {told}", next="`headgate run` finishes them")


def _stage(platform: Platform) -> Finding:
    """Folders that no delivery under way speaks of: a killed process left them."""
    states = (DeliveryState.CHECKED, DeliveryState.PUBLISHING)
    used = {str(one.facts.get("stage", "")) for one in platform.ledger.deliveries(DeliveryFilter(states=states))}
    stage = Path(platform.stage)
    folders = [
        path for path in stage.glob("*/*") if path.is_dir() and not any(place.startswith(str(path)) for place in used)
    ]
    folders += [path for path in stage.glob("spill-*") if path.is_dir()]
    at_work = platform.ledger.deliveries(DeliveryFilter(states=(DeliveryState.LANDED, *states), limit=1))
    if not folders or at_work:
        return Finding(check="stage", ok=True, found="holds nothing that was left behind" if not folders else "in use")
    return Finding(
        check="stage",
        ok=False,
        found=f"{len(folders)} folder(s) that a killed process left, such as {folders[0]}",
        next=f"while no run is at work, `rm -r {stage}`; nothing in it is needed any more",
    )


def _log(platform: Platform) -> Finding:
    unanchored = max(platform.ledger.log_size() - platform.anchor.last_size(), 0)
    if not unanchored:
        return Finding(check="log", ok=True, found="every event is anchored")
    return Finding(
        check="log", ok=False, found=f"{unanchored:,} events are not anchored", next="`headgate audit checkpoint`"
    )


def _waiting(platform: Platform) -> Finding:
    failed = platform.ledger.deliveries(DeliveryFilter(states=(DeliveryState.FAILED,)))
    if not failed:
        return Finding(check="deliveries", ok=True, found="none failed")
    told = f"{len(failed):,} failed, such as {failed[-1].id}: {failed[-1].note}"
    return Finding(check="deliveries", ok=False, found=told, next="put it right, then `headgate retry --all`")


def _disk(platform: Platform) -> Finding:
    free = shutil.disk_usage(platform.stage).free
    found = f"{free / (1 << 30):,.1f} GiB free"
    if free >= LEAST_FREE_BYTES:
        return Finding(check="disk", ok=True, found=found)
    return Finding(
        check="disk", ok=False, found=found, next="free space before the next run: vault, lake and ledger grow"
    )
