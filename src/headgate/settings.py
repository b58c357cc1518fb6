"""One frozen Settings, read once: headgate.toml, then the environment, then the command line."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import fields

from headgate.core.errors import ConfigurationError
from headgate.core.replacing import replace
from headgate.uploads.policy import UploadPolicy, read_policy

FILE = "headgate.toml"
PREFIX = "HEADGATE_"
_SIZE = re.compile(r"(\d+)\s*(B|KiB|MiB|GiB)")
MOST_SECONDS = 1_000_000.0  # of a time limit
_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Where a project keeps its things and what it may use."""

    folder: Path  # with headgate.toml
    name: str  # of the project: part of the names of its log and of its tables' transactions
    flows: Path
    lake: Path  # tables
    vault: Path  # raw bytes
    receipts: Path
    reports: Path
    keys: Path
    stage: Path  # on the file system of the lake
    uploads: Path  # what is being sent
    anchor: Path
    ledger: str  # URL of the database
    memory_bytes: int = 512 << 20  # of the whole run, all its processes
    workers: int = 0  # beside the main process; 0: as many as help
    window_bytes: int = 2 << 20
    batch_deliveries: int = 2048
    batch_bytes: int = 64 << 20
    lease_s: float = 30.0
    query_s: float = 60.0  # of a person, until it is stopped; 0: no limit
    statement_s: float = 3600.0  # of a rule, a task or a report; 0: no limit
    sender: str = "local"
    otlp: str = ""  # where spans and figures go to, by OTLP over HTTP
    metrics: str = ""  # host:port on which `serve` answers Prometheus
    uploading: UploadPolicy = UploadPolicy()  # what senders may use


DEFAULTS: dict[str, str] = {
    "flows": "flows",
    "lake": "lake",
    "vault": "vault",
    "receipts": "receipts",
    "reports": "reports",
    "keys": "keys",
    "stage": "lake/.stage",
    "uploads": "uploads",
    "anchor": "anchor/checkpoints.txt",
}


def find_project(start: Path) -> Path:
    """The nearest folder upwards that holds headgate.toml."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / FILE).is_file():
            return folder
    raise ConfigurationError(
        f"there is no {FILE} in {start} or above it. Next: `headgate init DIR` makes a project, "
        "or name one with --project DIR.",
    )


def project_settings(folder: Path | None, **given: Any) -> Settings:  # noqa: ANN401  fields of Settings
    """Settings of the project that is named, or of the nearest one upwards."""
    return read_settings(folder if folder is not None else find_project(Path.cwd()), **given)


def read_settings(folder: Path, environment: Mapping[str, str] | None = None, **given: Any) -> Settings:  # noqa: ANN401  fields of Settings
    """Settings of the project in a folder; ConfigurationError names what does not fit."""
    place = folder / FILE
    try:
        document = tomllib.loads(place.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError(f"{place} does not exist. Next: `headgate init {folder}` writes it.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{place} is no TOML: {error}") from error
    values = _flat(document, place) | _from_environment(environment if environment is not None else os.environ)
    settings = _settings(folder.resolve(), values, place)
    settings = replace(settings, uploading=read_policy(document.get("uploads", {}), place))
    return replace(settings, **{name: value for name, value in given.items() if value is not None})


def _flat(document: Mapping[str, Any], place: Path) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for section in ("project", "storage", "run", "telemetry"):
        values |= document.get(section, {})
    if not isinstance(values.get("name"), str):
        raise ConfigurationError(f'{place} lacks the project\'s name. Next: write `name = "…"` under [project].')
    own = {field.name for field in fields(Settings)} - {"folder", "uploading"}
    known = own | {"memory_limit", "window", "batch_size"}
    for name in values:
        if name not in known:
            raise ConfigurationError(f"{place}: {name!r} is no setting. Known are {', '.join(sorted(known))}.")
    return values


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    names = {"memory_limit", "workers", "ledger", "lease_s", "batch_deliveries", "sender"}
    return {name: environment[PREFIX + name.upper()] for name in names if PREFIX + name.upper() in environment}


def _settings(folder: Path, values: Mapping[str, Any], place: Path) -> Settings:
    paths = {name: folder / str(values.get(name, default)) for name, default in DEFAULTS.items()}
    name = str(values["name"])
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{0,62}", name):
        raise ConfigurationError(f"{place}: the name {name!r} is not of a-z, 0-9, '.' and '-', at most 63 characters.")
    return Settings(
        folder=folder,
        name=name,
        ledger=str(values.get("ledger", f"sqlite:///{folder / 'ledger.db'}")),
        memory_bytes=_size(values.get("memory_limit", "512 MiB"), "memory_limit", place),
        workers=_number(values.get("workers", 0), "workers", place),
        window_bytes=_size(values.get("window", "2 MiB"), "window", place),
        batch_deliveries=_number(values.get("batch_deliveries", 2048), "batch_deliveries", place),
        batch_bytes=_size(values.get("batch_size", "64 MiB"), "batch_size", place),
        lease_s=float(values.get("lease_s", 30.0)),
        query_s=_seconds(values.get("query_s", 60.0), "query_s", place),
        statement_s=_seconds(values.get("statement_s", 3600.0), "statement_s", place),
        sender=str(values.get("sender", "local")),
        otlp=str(values.get("otlp", "")),
        metrics=str(values.get("metrics", "")),
        **paths,  # type: ignore[arg-type]  # names of paths only
    )


def _size(value: object, name: str, place: Path) -> int:
    found = _SIZE.fullmatch(str(value).strip())
    if found is None:
        raise ConfigurationError(f'{place}: {name} is {value!r}; write a size such as "512 MiB".')
    return int(found[1]) * _UNITS[found[2]]


def _number(value: object, name: str, place: Path) -> int:
    try:
        return int(str(value))
    except ValueError as error:
        raise ConfigurationError(f"{place}: {name} is {value!r}, no number.") from error


def _seconds(value: object, name: str, place: Path) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MOST_SECONDS:
        return float(value)
    raise ConfigurationError(f"{place}: {name} is {value!r}; write seconds such as 60, or 0 for no limit.")
