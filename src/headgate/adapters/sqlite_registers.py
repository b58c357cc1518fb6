"""What is entered once and looked up: contracts, parameters, runs."""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import datetime

from headgate.adapters import sqlite_log as log
from headgate.adapters.sqlite_codec import decode_mapping, decode_optional_time, decode_time, encode_json, encode_time
from headgate.adapters.sqlite_statements import first_value, insert
from headgate.core.contract import Contract
from headgate.core.errors import ContractError, Problem
from headgate.core.records import ParameterVersion, Run


def contract_text(connection: sqlite3.Connection, digest: str) -> str | None:
    """Canonical JSON of a contract by its digest, or None."""
    text: str | None = first_value(
        connection, "SELECT text FROM contracts WHERE digest = :digest LIMIT 1", {"digest": digest}
    )
    return text


def register_contract(
    connection: sqlite3.Connection, contract: Contract, text: str, *, flow: str, at: datetime
) -> None:
    """Enter a contract version with its event; the same once more changes nothing.

    ContractError where the version is known with another content: what was judged under it must stay true.
    """
    line = {"flow": flow, "id": contract.id, "version": contract.version}
    known = connection.execute(
        "SELECT digest, registered_at FROM contracts WHERE flow = :flow AND id = :id AND version = :version", line
    ).fetchone()
    if known and known["digest"] != contract.digest:
        what = f"version {contract.version} was entered with other content at {known['registered_at']}"
        found = f"digest {known['digest'][:12]}, now {contract.digest[:12]}"
        problem = Problem(where="version", what=f"{what} ({found}).", fix="Give the changed contract a new version.")
        raise ContractError(f"contract of flow {flow}", [problem])
    if known:
        return
    entered = {"digest": contract.digest, "text": text, "registered_at": encode_time(at)}
    insert(connection, "contracts", [{**line, **entered}])
    fields = {"digest": contract.digest, "id": contract.id, "version": contract.version}
    log.append(connection, [log.Entry("contract", None, flow, fields)], at=at)


def parameter_versions(connection: sqlite3.Connection, flow: str, name: str | None) -> list[ParameterVersion]:
    """All versions of a flow's parameters, or of one, by name and number."""
    only = "" if name is None else "AND name = :name"
    rows = connection.execute(
        f"SELECT * FROM parameters WHERE flow = :flow {only} ORDER BY name, number", {"flow": flow, "name": name}
    )
    return [_decode_parameter(row) for row in rows]


def set_parameter(connection: sqlite3.Connection, version: ParameterVersion) -> ParameterVersion:
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
    insert(connection, "parameters", [line])
    digest = hashlib.sha256(version.value.encode()).hexdigest()
    fields = {"name": version.name, "number": len(known) + 1, "sha256": digest}
    log.append(connection, [log.Entry("parameter", None, version.flow, fields)], at=version.set_at)
    return parameter_versions(connection, version.flow, version.name)[-1]


def put_run(connection: sqlite3.Connection, run: Run) -> None:
    """Enter or renew a run's line."""
    line = {
        "id": run.id,
        "started_at": encode_time(run.started_at),
        "ended_at": encode_time(run.ended_at) if run.ended_at else None,
        "summary": encode_json(run.summary),
    }
    renewed = connection.execute(
        "UPDATE runs SET started_at = :started_at, ended_at = :ended_at, summary = :summary WHERE id = :id", line
    )
    if not renewed.rowcount:
        insert(connection, "runs", [line])


def find_runs(connection: sqlite3.Connection, *, id_: str | None, newest: int) -> list[Run]:
    """Runs, newest first."""
    only = "" if id_ is None else "WHERE id = :id"
    most = "LIMIT :newest" if newest else ""
    rows = connection.execute(
        f"SELECT * FROM runs {only} ORDER BY started_at DESC, id DESC {most}", {"id": id_, "newest": newest}
    )
    return [_decode_run(row) for row in rows]


def _decode_parameter(row: sqlite3.Row) -> ParameterVersion:
    return ParameterVersion(
        flow=row["flow"],
        name=row["name"],
        number=row["number"],
        value=row["value"],
        set_by=row["set_by"],
        reason=row["reason"],
        set_at=decode_time(row["set_at"]),
    )


def _decode_run(row: sqlite3.Row) -> Run:
    return Run(
        id=row["id"],
        started_at=decode_time(row["started_at"]),
        ended_at=decode_optional_time(row["ended_at"]),
        summary=decode_mapping(row["summary"]),
    )
