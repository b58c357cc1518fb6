"""What is entered once and looked up: contracts, parameters, runs."""

from __future__ import annotations

import hashlib
from datetime import datetime

import sqlalchemy as sa

from headgate.adapters import sqlalchemy_log as log
from headgate.adapters.sqlalchemy_codec import AnyRow, decode_mapping, decode_time, encode_json, encode_time
from headgate.adapters.sqlalchemy_schema import contracts, parameters, runs
from headgate.core.contract import Contract
from headgate.core.errors import ContractError, Problem
from headgate.core.records import ParameterVersion, Run


def contract_text(connection: sa.Connection, digest: str) -> str | None:
    """Canonical JSON of a contract by its digest, or None."""
    chosen = sa.select(contracts.c.text).where(contracts.c.digest == digest).limit(1)
    return connection.execute(chosen).scalar()


def register_contract(connection: sa.Connection, contract: Contract, text: str, *, flow: str, at: datetime) -> None:
    """Enter a contract version with its event; the same once more changes nothing.

    ContractError where the version is known with another content: what was judged under it must stay true.
    """
    columns = contracts.c
    known = connection.execute(
        sa.select(columns.digest, columns.registered_at).where(
            columns.flow == flow, columns.id == contract.id, columns.version == contract.version
        )
    ).first()
    if known and known.digest != contract.digest:
        what = f"version {contract.version} was entered with other content at {known.registered_at}"
        found = f"digest {known.digest[:12]}, now {contract.digest[:12]}"
        problem = Problem(where="version", what=f"{what} ({found}).", fix="Give the changed contract a new version.")
        raise ContractError(f"contract of flow {flow}", [problem])
    if known:
        return
    line = {"flow": flow, "id": contract.id, "version": contract.version, "digest": contract.digest}
    connection.execute(sa.insert(contracts), {**line, "text": text, "registered_at": encode_time(at)})
    fields = {"digest": contract.digest, "id": contract.id, "version": contract.version}
    log.append(connection, [log.Entry("contract", None, flow, fields)], at=at)


def parameter_versions(connection: sa.Connection, flow: str, name: str | None) -> list[ParameterVersion]:
    """All versions of a flow's parameters, or of one, by name and number."""
    chosen = sa.select(parameters).where(parameters.c.flow == flow)
    if name is not None:
        chosen = chosen.where(parameters.c.name == name)
    rows = connection.execute(chosen.order_by(parameters.c.name, parameters.c.number))
    return [_decode_parameter(row) for row in rows]


def set_parameter(connection: sa.Connection, version: ParameterVersion) -> ParameterVersion:
    """Enter the value as the next version with its event; the version in force where the value is equal."""
    known = parameter_versions(connection, version.flow, version.name)
    if known and known[-1].value == version.value:
        return known[-1]
    line = {
        "flow": version.flow,
        "name": version.name,
        "number": len(known) + 1,
        "value": version.value,
        "set_by": version.set_by,
        "reason": version.reason,
        "set_at": encode_time(version.set_at),
    }
    connection.execute(sa.insert(parameters), line)
    digest = hashlib.sha256(version.value.encode()).hexdigest()
    fields = {"name": version.name, "number": len(known) + 1, "sha256": digest}
    log.append(connection, [log.Entry("parameter", None, version.flow, fields)], at=version.set_at)
    return parameter_versions(connection, version.flow, version.name)[-1]


def put_run(connection: sa.Connection, run: Run) -> None:
    """Enter or renew a run's line."""
    line = {
        "started_at": encode_time(run.started_at),
        "ended_at": encode_time(run.ended_at) if run.ended_at else None,
        "summary": encode_json(run.summary),
    }
    if not connection.execute(sa.update(runs).where(runs.c.id == run.id).values(line)).rowcount:
        connection.execute(sa.insert(runs), {"id": run.id, **line})


def find_runs(connection: sa.Connection, *, id_: str | None, newest: int) -> list[Run]:
    """Runs, newest first."""
    chosen = sa.select(runs).order_by(runs.c.started_at.desc(), runs.c.id.desc())
    if id_ is not None:
        chosen = chosen.where(runs.c.id == id_)
    return [_decode_run(row) for row in connection.execute(chosen.limit(newest or None))]


def _decode_parameter(row: AnyRow) -> ParameterVersion:
    return ParameterVersion(
        flow=row.flow,
        name=row.name,
        number=row.number,
        value=row.value,
        set_by=row.set_by,
        reason=row.reason,
        set_at=decode_time(row.set_at),
    )


def _decode_run(row: AnyRow) -> Run:
    return Run(
        id=row.id,
        started_at=decode_time(row.started_at),
        ended_at=decode_time(row.ended_at) if row.ended_at else None,
        summary=decode_mapping(row.summary),
    )
