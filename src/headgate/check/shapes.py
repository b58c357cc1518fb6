"""Learning how a sender writes its records: the usual order of names, by which odd records are noticed cheaply."""

from __future__ import annotations

import pyarrow as pa

from headgate.check.plan import CheckPlan
from headgate.core.contract import Column, Contract
from headgate.core.ports import Engine
from headgate.core.sql import json_step, literal

SAMPLE_ROWS = 256  # records from which the usual shapes are learnt


def learn_shapes(
    engine: Engine, plan: CheckPlan, contract: Contract, sample: pa.RecordBatch | None
) -> dict[str, object]:
    """Values of `$_shapes` and `$_element_shapes`: hashes of name lists that have no unknown and no twin name.

    `sample` is the first batch of an input, or None where there is no row.
    """
    if not plan.shape_paths:
        return {}
    shapes: list[int] = []
    elements: list[int] = []
    if sample is not None:
        engine.register("_sample", pa.Table.from_batches([sample.slice(0, SAMPLE_ROWS).select(["raw"])]))
        paths = ", ".join(literal(path) for path in plan.shape_paths)
        names = [_names_at(contract, path) for path in plan.shape_paths]
        found = engine.rows(f"SELECT DISTINCT k, hash(k) FROM (SELECT json_keys(raw, [{paths}]) AS k FROM _sample)")
        shapes = [
            code for lists, code in found if all(_clean(keys, known) for keys, known in zip(lists, names, strict=True))
        ]
        for path in plan.element_paths:
            known = _names_at(contract, path)
            unnested = f"SELECT unnest(json_keys(raw, {literal(path)})) AS k FROM _sample"
            rows = engine.rows(f"SELECT DISTINCT k, hash(k) FROM ({unnested})")
            elements += [code for keys, code in rows if keys and _clean(keys, known)]
        engine.drop("_sample")
    none = [0]  # an empty list has no type to bind
    return {"_shapes": shapes or none, **({"_element_shapes": elements or none} if plan.element_paths else {})}


def _clean(keys: list[str] | None, known: frozenset[str]) -> bool:
    names = keys or []
    return len(set(names)) == len(names) and known.issuperset(names)


def _names_at(contract: Contract, path: str) -> frozenset[str]:
    """Names that the contract knows in the object at a JSON path."""
    return _search(contract.columns, "$", path)


def _search(columns: tuple[Column, ...], here: str, wanted: str) -> frozenset[str]:
    if here == wanted:
        return frozenset(column.source_name for column in columns)
    for column in columns:
        below = here + json_step(column.source_name)
        inner = column
        while inner.element is not None:  # lists in lists too
            inner, below = inner.element, f"{below}[*]"
        if wanted.startswith(below) and (found := _search(inner.children, below, wanted)):
            return found
    return frozenset()
