"""Gold computed anew from the whole of silver, to compare with gold as publications brought it forward."""

from __future__ import annotations

from pathlib import Path

from headgate.core.digest import table_digest
from headgate.core.flow import Flow, Target
from headgate.core.naming import table_name
from headgate.core.parameters import bind
from headgate.core.platform import Platform
from headgate.core.ports import Engine, FileSet
from headgate.transform.task_sql import read_task


def gold_faults(platform: Platform, flow_name: str = "sales") -> list[str]:
    """A sentence for each gold table that is not what its task makes of silver as it stands."""
    flow = platform.flows[flow_name]
    engine = platform.engine()
    try:
        return [
            f"gold table {target.name} is not what its task makes of silver"
            for target in flow.targets
            if target.layer == "gold" and not _equal(platform, engine, flow, target)
        ]
    finally:
        engine.close()


def _equal(platform: Platform, engine: Engine, flow: Flow, target: Target) -> bool:
    standing = platform.tables.snapshot(table_name(flow.name, "gold", target.name))
    if standing is None:
        return True
    parameters = bind(flow, platform.ledger.parameters(flow.name), platform.vault)
    for name, table in parameters.tables.items():
        engine.register(f"param_{name}", table)
    for other in flow.targets:
        snapshot = platform.tables.snapshot(table_name(flow.name, other.layer, other.name))
        if other.layer == "silver" and snapshot is not None:
            engine.register(other.name, snapshot.files)
    task = next(task for task in flow.tasks if task.name == target.name)
    read = read_task(flow.files[task.file].decode(), flow.parameters, name=target.name)
    folder = Path(platform.stage) / "recomputed"
    files = engine.write(read.text, str(folder), parameters.only(read.parameters), name=target.name)
    anew = FileSet(paths=tuple(file.path for file in files), schema=standing.files.schema)
    return table_digest(engine, anew) == table_digest(engine, standing.files)
