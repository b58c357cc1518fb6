"""The report of a run: made when the run ends, and made again from what was kept with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from headgate.core.errors import EngineMemoryError, NotFoundError
from headgate.core.flow import Flow
from headgate.core.naming import table_name
from headgate.core.parameters import vault_name
from headgate.core.platform import Platform
from headgate.core.ports import Engine
from headgate.core.records import Run
from headgate.serve.personal import personal_columns
from headgate.serve.relations import engine_over
from headgate.serve.report_facts import RunFacts
from headgate.serve.report_make import Report, make_report
from headgate.serve.report_reading import read_definition
from headgate.serve.report_sql import Query
from headgate.serve.run_facts import FLOWS, RUNS_READ, decode_facts, encode_facts

DEFINITION = "report.yaml"


def keep_facts(platform: Platform, flow: Flow, facts: RunFacts) -> dict[str, Any]:
    """What the run's summary keeps of a flow to make the report again; the definition goes to the vault."""
    definition = definition_of(flow)
    kept: dict[str, Any] = {"facts": encode_facts(facts), "personal": sorted(personal_columns(flow, platform.memo))}
    if definition is not None:
        kept["definition"] = hashlib.sha256(definition).hexdigest()
        platform.vault.put(vault_name(kept["definition"]), [definition])
    return kept


def make_run_report(platform: Platform, kept: Mapping[str, Any]) -> Report:
    """The report from what was kept: the same bytes whenever it is made, while the tables' versions can be read."""
    facts = decode_facts(kept)
    definition = None
    personal: Collection[str] = kept["personal"]
    document = f"flows/{facts.flow}/{DEFINITION}"
    if "definition" in kept:
        with platform.vault.open(vault_name(kept["definition"])) as stream:
            content = stream.read()
        definition = read_definition(content, document=document, personal=personal, memo=platform.memo)
    relations = {
        table.name.split(".", 1)[1]: (table_name(facts.flow, *table.name.split(".", 1)), table.version)
        for table in facts.tables
    }
    make = partial(make_report, facts, definition=definition, document=document, personal=personal)
    with engine_over(platform, relations) as engine:
        if platform.budget.threads > 1:
            with closing(engine.beside()) as second, suppress(EngineMemoryError):  # one at a time needs less
                return make(_query(engine), beside=(_query(second),))
        return make(_query(engine))


def _query(engine: Engine) -> Query:
    def query(sql: str, parameters: Mapping[str, object]) -> pa.Table:
        return engine.table(sql, dict(parameters))

    return query


def write_report(report: Report, run: str, folder: Path) -> tuple[Path, Path]:
    """Write page and document; another run of the same second keeps its name, this one's gets a number."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = report.document_name.removesuffix(".json")
    number = 1
    while True:
        name = stem if number == 1 else f"{stem}_{number}"
        page, document = folder / f"{name}.html", folder / f"{name}.json"
        if not document.exists() or _run_of(document) == run:
            break
        number += 1
    page.write_bytes(report.page)
    document.write_bytes(report.document)
    return page, document


def find_run(platform: Platform, run: str | None) -> Run:
    """The run of that id, or the last one that published; NotFoundError where there is none."""
    if run is not None:
        found = platform.ledger.runs(id=run)
    else:
        found = [one for one in platform.ledger.runs(newest=RUNS_READ) if one.summary.get(FLOWS)]
    if not found:
        what = f"no run {run[:80]}" if run else "no run that published"
        raise NotFoundError(f"there is {what}. Next: `headgate status` shows the last run.")
    return found[0]


def kept_of(run: Run) -> Mapping[str, Mapping[str, Any]]:
    """What was kept of each flow that the run published; NotFoundError where there is nothing."""
    kept: Mapping[str, Mapping[str, Any]] = run.summary.get(FLOWS, {})
    if not kept:
        raise NotFoundError(f"run {run.id} published nothing, so it has no report. Next: `headgate status` shows runs.")
    return kept


def definition_of(flow: Flow) -> bytes | None:
    """The flow's report.yaml as it stands; None where it has none."""
    place = Path(flow.folder) / DEFINITION
    return place.read_bytes() if place.is_file() else None


def _run_of(document: Path) -> str | None:
    try:
        content = json.loads(document.read_bytes())
        return str(content["figures"]["run"]["id"])
    except (ValueError, KeyError, TypeError):
        return None
