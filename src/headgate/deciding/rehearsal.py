"""What a decision would come to: the amendment is checked and judged as it would be, and nothing is kept of it."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow.parquet as pq

from headgate.check.step import check
from headgate.core.batches import LandedBatch
from headgate.core.cases import Act
from headgate.core.decision_document import DecisionDocument, Rows, as_rows
from headgate.core.errors import CheckError
from headgate.core.flow import Flow
from headgate.core.overlay import amendment_overlay, origin_facts
from headgate.core.platform import Platform, silent
from headgate.core.ports import DeliveryFilter
from headgate.core.reasons import Verdict
from headgate.core.records import Delivery, DeliveryKind
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState
from headgate.review.step import review

SHOWN = 50  # rows that would not pass, with their reasons


class Stopped(msgspec.Struct, frozen=True, kw_only=True):
    """A row that would not pass."""

    row: int
    reasons: tuple[dict[str, Any], ...]  # code, column, value, rule, consequence


class Rehearsal(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of each row."""

    passing: Rows  # would be published, or are duplicates of what is
    stopped: Rows  # would stay held
    duplicates: int  # among those that pass
    warned: int
    codes: tuple[tuple[str, int], ...] = ()  # reason codes of the stopped rows, the most frequent first
    shown: tuple[Stopped, ...] = ()  # the first of them


def rehearse(platform: Platform, flow: Flow, origin: Delivery, document: DecisionDocument) -> Rehearsal:
    """Check and judge the rows of a document as they would be now; reads published tables, and changes nothing.

    CheckError where a rule cannot be evaluated on them.
    """
    if document.act is Act.REJECT:
        rows = as_rows(document.rows)
        return Rehearsal(passing=rows, stopped=np.empty(0, dtype=np.int64), duplicates=0, warned=0)
    one = _amendment(platform, origin, document)
    overlays = {one.id: amendment_overlay(one, document, platform.vault)}
    # a stage of its own: the same numbers may be under way in this very process
    own = replace(platform, owner=f"{platform.owner}-rehearsal-{int(platform.random() * 1e9):x}", progress=silent)
    batch = check(LandedBatch(flow=flow, deliveries=(one,), overlays=overlays), own)
    try:
        if problem := batch.checked[0].error or batch.checked[0].unreadable:
            raise CheckError(problem if isinstance(problem, str) else problem[1])
        reviewed = review([batch], own)
        counts = reviewed.deliveries[0].counts
        assert counts is not None
        stopped, shown, codes = _stopped([file.path for file in reviewed.quarantine])
        return Rehearsal(
            passing=np.setdiff1d(as_rows(document.rows), stopped, assume_unique=True),
            stopped=stopped,
            duplicates=counts.duplicate,
            warned=counts.warned,
            codes=codes,
            shown=shown,
        )
    finally:
        shutil.rmtree(Path(batch.folder), ignore_errors=True)


def _amendment(platform: Platform, origin: Delivery, document: DecisionDocument) -> Delivery:
    """The delivery that would be made: behind all that has landed."""
    last = platform.ledger.deliveries(DeliveryFilter(newest_first=True, limit=1))
    return Delivery(
        id=f"d-rehearsal-{document.case}",
        landing_number=last[0].landing_number + 1,
        flow=origin.flow,
        kind=DeliveryKind.AMENDMENT,
        name=document.case,
        origin=origin.id,
        sender=origin.sender,
        sha256="0" * 64,
        size_bytes=0,
        form=origin.form,
        state=DeliveryState.LANDED,
        run=document.case,
        landed_at=platform.clock(),
        facts={**origin_facts(origin), "case": document.case, "act": document.act.value},
    )


def _stopped(files: list[str]) -> tuple[Rows, tuple[Stopped, ...], tuple[tuple[str, int], ...]]:
    rows: list[Rows] = []
    shown: list[Stopped] = []
    codes: Counter[str] = Counter()
    for file in files:
        kept = pq.read_table(file, columns=["_row", "verdict", "reasons"])
        for batch in kept.to_batches(max_chunksize=SHOWN * 100):
            lines = [line for line in batch.to_pylist() if line["verdict"] != Verdict.DUPLICATE.value]
            rows.append(np.array([line["_row"] for line in lines], dtype=np.int64))
            for line in lines:
                codes.update({reason["code"] for reason in line["reasons"] if reason["consequence"] != "warn"})
                if len(shown) < SHOWN:
                    shown.append(Stopped(row=line["_row"], reasons=tuple(line["reasons"])))
    found = np.sort(np.concatenate(rows)) if rows else np.empty(0, dtype=np.int64)
    return found, tuple(sorted(shown, key=lambda one: one.row)), tuple(codes.most_common())
