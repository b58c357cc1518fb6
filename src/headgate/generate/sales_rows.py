"""Rows of sales as JSON text with the defects planned for them, and the answers to those."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headgate.generate.answers import Answer, row_answer
from headgate.generate.board import Planned
from headgate.generate.changes import CHANGES, Facts, changed
from headgate.generate.defects import COPIES, Defect, FileDefect
from headgate.generate.draws import Ints
from headgate.generate.order_text import OrderText
from headgate.generate.orders import Orders, make_orders
from headgate.generate.plan import Plan
from headgate.generate.rates import Rates


class _Key(msgspec.Struct):
    transaction_id: Any = None


class SalesRows(msgspec.Struct, frozen=True, kw_only=True):
    """All rows of a run, to be had in any portion."""

    plan: Plan
    text: OrderText
    rates: Rates
    end: datetime
    edges: Ints  # first row of each file and the row after the last
    names: tuple[str, ...]  # of the files

    def make(self, low: int, after: int) -> tuple[pa.StringArray, list[Answer]]:
        """JSON objects of the rows from `low` to below `after`, and the answers for them in the same order."""
        row = np.arange(low, after, dtype=np.int64)
        planned = {number: self.plan.planned[number] for number in range(low, after) if number in self.plan.planned}
        shown = row.copy()
        for number, defect in planned.items():
            if defect.kind in COPIES and defect.model is not None:
                shown[number - low] = defect.model
        orders = make_orders(self.plan.world, shown)
        texts = self.text.objects(orders)
        broken: list[str] = []
        mask = np.zeros(len(row), dtype=np.bool_)
        answers = []
        for number, defect in planned.items():
            text, column = self._spoilt(defect, number - low, orders, texts)
            if defect.kind in CHANGES:
                mask[number - low] = True
                broken.append(text.decode())
            answers.append(self._answer(defect, number, text, column))
        if broken:
            texts = pc.replace_with_mask(texts, pa.array(mask), pa.array(broken, pa.string()))
        return texts, answers

    def _spoilt(self, defect: Planned, place: int, orders: Orders, texts: pa.StringArray) -> tuple[bytes, str]:
        text: bytes = texts[place].as_py().encode()
        if defect.kind not in CHANGES:
            return text, "transaction_id" if defect.kind in COPIES else "timestamp"
        one = slice(place, place + 1)
        model_id = ""
        if defect.model is not None:
            model = np.array([defect.model])
            model_id = self.text.ids(model, self.plan.world.time[model])[0].as_py()
        facts = Facts(
            draws=self.plan.world.draws.series("change", int(orders.row[place])),
            end=self.end,
            rate=float(self.rates.of(orders.currency[one], orders.time[one])[0]),
            value=defect.value,
            item=defect.item,
            model_id=model_id,
        )
        return changed(defect.kind, text, facts)

    def _answer(self, defect: Planned, row: int, text: bytes, column: str) -> Answer:
        return row_answer(
            defect.kind,
            place=self._place(row),
            transaction_id=msgspec.json.decode(text, type=_Key).transaction_id,
            column=column,
            model=None if defect.model is None else self._place(defect.model),
            group=defect.group,
        )

    def _place(self, row: int) -> tuple[str, int]:
        """File and record number, from 1, of a row."""
        file = int(np.searchsorted(self.edges, row, side="right")) - 1
        return self.names[file], row - int(self.edges[file]) + 1


def count_kinds(answers: list[Answer]) -> dict[str, int]:
    """Rows and files by kind, in the order of definition."""
    found = Counter(answer.kind for answer in answers)
    return {kind: found[kind] for kind in (*map(str, Defect), *map(str, FileDefect)) if found[kind]}
