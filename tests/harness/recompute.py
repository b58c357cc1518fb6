"""Gold computed anew from the whole of silver, to compare with gold as publications brought it forward."""

from __future__ import annotations

from headgate.core.digest import row_text
from headgate.core.flow import Flow, Target
from headgate.core.naming import table_name
from headgate.core.parameters import Bound, bind
from headgate.core.platform import Platform
from headgate.core.ports import Engine, FileSet
from headgate.transform.task_reading import read_task


def gold_faults(platform: Platform, flow_name: str = "sales") -> list[str]:
    """A sentence for each gold table that is not what its task makes of silver as it stands."""
    flow = platform.flows[flow_name]
    engine = platform.engine()
    try:
        parameters = bind(flow, platform.ledger.parameters(flow.name), platform.vault)
        for name, table in parameters.tables.items():
            engine.register(f"param_{name}", table)
        standing = {
            target: platform.tables.snapshot(table_name(flow.name, target.layer, target.name))
            for target in flow.targets
        }
        for target, snapshot in standing.items():
            if target.layer == "silver" and snapshot is not None:
                engine.register(target.name, snapshot.files)
        return [
            f"gold table {target.name} is not what its task makes of silver: {differing} rows differ"
            for target, snapshot in standing.items()
            if target.layer == "gold" and snapshot is not None
            if (differing := _differing(engine, flow, target, snapshot.files, parameters))
        ]
    finally:
        engine.close()


def _differing(engine: Engine, flow: Flow, target: Target, standing: FileSet, parameters: Bound) -> int:
    """Rows that only one of the two has, by their canonical text."""
    task = next(task for task in flow.tasks if task.name == target.name)
    read = read_task(flow.files[task.file].decode(), flow.parameters, target)
    engine.register("_standing", standing)
    row = row_text(standing.schema)
    anew, stands = f"SELECT {row} AS row FROM ({read.text})", f"SELECT {row} AS row FROM _standing"
    engine.define("_anew", anew, parameters.only(read.parameters), keep=True)
    engine.define("_stands", stands, keep=True)
    apart = "SELECT count(*) FROM ((FROM _anew EXCEPT ALL FROM _stands) UNION ALL (FROM _stands EXCEPT ALL FROM _anew))"
    return int(engine.rows(apart)[0][0])
