"""What the tasks of one publication work on: accepted rows, the tables as they stand, a place for results."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec
import pyarrow as pa

from headgate.core.arrow_schema import encode_schema
from headgate.core.batches import ReviewedBatch
from headgate.core.errors import TaskError
from headgate.core.fingerprint import fingerprint
from headgate.core.flow import Flow
from headgate.core.memo import Memo
from headgate.core.naming import ACCEPTED, DELIVERY, RECORD, ROW, table_name
from headgate.core.overlay import origin_of
from headgate.core.parameters import Bound, bind
from headgate.core.platform import Platform
from headgate.core.ports import Engine, FileSet, TableSnapshot
from headgate.core.published import published_table
from headgate.core.record_schema import staged_schema
from headgate.core.records import StagedFile, TableChange
from headgate.core.sql import literal, quoted
from headgate.transform.amended import register_amended


class Workspace(msgspec.Struct):
    """One engine with everything that the flow's tasks may read."""

    flow: Flow
    engine: Engine
    parameters: Bound
    folder: str
    number: int  # of the publication: part of the names of its files
    snapshots: dict[str, TableSnapshot | None]  # the flow's targets as they stand, by target name
    look_up: Callable[[str], TableSnapshot | None]  # a table of another flow, as flow.table
    memo: Memo
    changes: dict[str, TableChange] = {}
    relations: dict[str, FileSet] = {}  # targets as they will stand
    added: dict[str, FileSet] = {}  # only what this publication adds to silver
    amended: bool = False  # whether rows of it came by an amendment: AMENDED says which

    def stage(self, name: str, sql: str, parameters: Mapping[str, object] | None = None) -> tuple[StagedFile, ...]:
        """Write a result under a name that is the publication's own."""
        return self.engine.write(sql, f"{self.folder}/{name}", parameters, name=f"part-{self.number:08d}-{name}")

    def reach(self, foreign: Collection[str]) -> None:
        """Register tables of other flows, at the version that their last complete publication left."""
        for name in sorted(foreign):
            found = self.look_up(name)
            if found is None:
                raise TaskError(
                    f"a task of flow {self.flow.name} reads {name}, which was never published. "
                    f"Next: run a delivery of flow {name.split('.')[0]} first, then `headgate retry`.",
                )
            self.engine.register(name, found.files)

    def without(
        self, name: str, standing: FileSet, replaced: Collection[str]
    ) -> tuple[tuple[StagedFile, ...], tuple[str, ...]]:
        """(files written again, paths that go): the standing files with rows of replaced deliveries, without these."""
        gone = self.engine.files_with(standing, DELIVERY, sorted(replaced))
        if not gone:
            return (), ()
        listed = ", ".join(literal(id_) for id_ in sorted(replaced))
        self.engine.register("_touched", FileSet(paths=gone, schema=standing.schema))
        return self.stage(f"{name}-kept", f"SELECT * FROM _touched WHERE {DELIVERY} NOT IN ({listed})"), gone

    def move(self, path: str, place: str) -> None:
        """Give a staged file another name in the stage."""
        Path(place).parent.mkdir(parents=True, exist_ok=True)
        Path(path).replace(place)

    def change(
        self,
        target: str,
        schema: pa.Schema,
        adds: Sequence[StagedFile],
        removes: Sequence[str] = (),
    ) -> None:
        """Enter what the publication does to a target; TaskError for a column that Delta Lake cannot hold.

        A commit that fails for its types would fail at every try, and leave the publication open for ever.
        """
        found = self.flow.target(target)
        assert found is not None
        for column in schema:
            if not _is_storable(column.type):
                raise TaskError(
                    f"column {column.name} of table {target} is {column.type}, a type that Delta Lake does not have. "
                    "Next: cast it in the task, to text or a timestamp.",
                )
        self.changes[target] = TableChange(
            table=table_name(self.flow.name, found.layer, target),
            schema=encode_schema(schema),
            adds=tuple(adds),
            removes=tuple(path.rsplit("/", 1)[-1] for path in removes),
        )


def _is_storable(kind: pa.DataType) -> bool:
    """False for times of day, spans of time and coarse timestamps, in containers too."""
    if pa.types.is_nested(kind):
        return all(_is_storable(kind.field(place).type) for place in range(kind.num_fields))
    if pa.types.is_timestamp(kind):
        return kind.unit in {"us", "ns"}
    return not (pa.types.is_time(kind) or pa.types.is_interval(kind) or pa.types.is_duration(kind))


def open_workspace(batch: ReviewedBatch, platform: Platform, number: int) -> Workspace:
    """Register the accepted rows, the parameters and the flow's tables."""
    engine = platform.engine()
    own = batch.deliveries[0].facts.get("set")  # such a delivery is published alone
    # the versions that the rows were checked under and that their receipts name, though there be newer ones by now
    versions = platform.ledger.parameters(batch.flow.name)
    parameters = bind(batch.flow, versions, platform.vault, overrides=own, at=batch.parameters)
    for name, table in parameters.tables.items():
        engine.register(f"param_{name}", table)
    _register_accepted(engine, batch)
    return Workspace(
        amended=register_amended(engine, batch),
        flow=batch.flow,
        engine=engine,
        parameters=parameters,
        folder=f"{batch.folders[0]}/publication",
        number=number,
        snapshots={
            target.name: platform.tables.snapshot(table_name(batch.flow.name, target.layer, target.name))
            for target in batch.flow.targets
        },
        look_up=partial(published_table, platform=platform),
        memo=platform.memo,
    )


def _register_accepted(engine: Engine, batch: ReviewedBatch) -> None:
    contract = batch.flow.contract
    going = batch.publishing
    ids = pa.table(
        {
            "_n": pa.array([one.landing_number for one in going], pa.int64()),
            DELIVERY: pa.array([origin_of(one) for one in going], pa.string()),
        },
    )
    engine.register("_going", ids)
    paths = tuple(file.path for file in batch.rows)
    engine.register("_rows", FileSet(paths=paths, schema=staged_schema(contract)))
    excluded = tuple(file.path for file in batch.excluded)
    position = pa.schema([("_n", pa.int64()), ("_row", pa.int64())])
    engine.register("_excluded", FileSet(paths=excluded, schema=position))
    columns = ", ".join(f"r.{quoted(column.name)}" for column in contract.columns)
    without = " ANTI JOIN _excluded AS x ON x._n = r._n AND x._row = r._row" if excluded else ""
    engine.define(
        ACCEPTED,
        f"SELECT {columns}, g.{DELIVERY}, r._row AS {ROW}, {fingerprint(contract, 'r')} AS {RECORD} "
        f"FROM _rows AS r JOIN _going AS g ON g._n = r._n{without}",
    )
