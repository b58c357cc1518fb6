"""Reads a flow folder: flow.yaml, the contract beside it, and every file that tasks and rules name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import cache
from importlib import resources
from pathlib import PurePath, PurePosixPath
from typing import TYPE_CHECKING

from headgate.core.contract import Contract, RuleKind
from headgate.core.contract_document import read_contract
from headgate.core.errors import FlowError, NotFoundError
from headgate.core.flow import (
    Checking,
    Escalation,
    Flow,
    NewVersion,
    ParameterDeclaration,
    ReviewPolicy,
    Source,
    Target,
    Task,
)
from headgate.core.flow_files import CONTRACT_FILE, FLOW_FILE, files_digest
from headgate.core.flow_parameters import read_parameter
from headgate.core.flow_tasks import check_rules_use, check_tasks
from headgate.core.near_name import did_you_mean
from headgate.core.yaml_cursor import Cursor, shown
from headgate.core.yaml_text import read_yaml

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

ReadFile = Callable[[str], bytes]
"""Content of a file of the flow folder by its name, `tasks/items.sql`; KeyError, FileNotFoundError or NotFoundError."""

_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}
_BYTES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_AMOUNT = re.compile(r"([1-9][0-9]*)\s?([A-Za-z]+)\Z")
_DAY_S = 86400
_ROOT_KEYS = ("source", "check", "parameters", "tasks", "targets", "review", "retention")


def read_flow(
    name: str,
    read_file: ReadFile,
    *,
    folder: PurePath | None = None,
    contract: Contract | None = None,
    validate: bool = True,
) -> Flow:
    """The flow called `name` from its files; FlowError or ContractError with every problem and its line.

    `folder` is kept in the record. A `contract` that was read before is taken as it is. Without `validate` the passes
    over the JSON schemas and over the tasks' SQL are left out: for flows that passed them before.
    """
    raw = _needed(read_file, FLOW_FILE, name)
    text = read_yaml(raw, name=FLOW_FILE, error=FlowError)
    document = Cursor(text=text, value=text.value)
    if validate:
        _check_schema(document)
    _stop_at_problems(document, name)
    if contract is None:
        contract = read_contract(_needed(read_file, CONTRACT_FILE, name), name=CONTRACT_FILE, validate=validate)
    parameters = tuple(read_parameter(key, entry) for key, entry in document.at("parameters").entries())
    tasks = _tasks(document)
    targets, record_table = _targets(document, contract, tasks)
    _stop_at_problems(document, name)
    files = {FLOW_FILE: raw, **_files(document, read_file, _file_names(contract, parameters, tasks))}
    check_rules_use(document, contract, parameters)
    _stop_at_problems(document, name)
    quarantine_s = _duration_s(document.at("retention"), "quarantine")
    flow = Flow(
        name=name,
        folder=folder if folder is not None else PurePosixPath(name),
        contract=contract,
        source=_source(document.at("source")),
        checking=_checking(document.at("check")),
        parameters=parameters,
        tasks=tasks,
        targets=targets,
        review=_review(document.at("review")),
        digest=files_digest(files),
        files=files,
        quarantine_days=None if quarantine_s is None else quarantine_s // _DAY_S,
        record_table=record_table,
    )
    if validate:
        flow = check_tasks(flow, document.at("tasks"))
    _stop_at_problems(document, name)
    return flow


# ── The document ─────────────────────────────────────────────────────────────────────────────────────────────────────
@cache
def _validator() -> Draft202012Validator:
    from jsonschema_rs import Draft202012Validator  # noqa: PLC0415 - for flows that are new only

    text = resources.files("headgate.core").joinpath("schemas/flow.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))


def _check_schema(document: Cursor) -> None:
    """Problems for all that flow.schema.json does not allow, unknown keys with the near name."""
    for error in _validator().iter_errors(document.value):
        place = Cursor(text=document.text, value=None, path=tuple(error.instance_path), problems=document.problems)
        unknown = list(getattr(error.kind, "unexpected", None) or [])
        if not unknown:
            place.problem(f"{_spelled(error.instance_path)}{error.message}.")
        for key in unknown:
            known = _ROOT_KEYS if not error.instance_path else _known_keys(tuple(map(str, error.instance_path)))
            place.at(key).problem(f"the key `{key}` is not known here.", did_you_mean(key, known))


def _known_keys(path: tuple[str, ...]) -> Iterable[str]:
    """Keys that the schema has below a path of the document."""
    text = resources.files("headgate.core").joinpath("schemas/flow.schema.json").read_text(encoding="utf-8")
    schema = json.loads(text)
    node = schema
    for part in path:
        node = node.get("properties", {}).get(part) or node.get("additionalProperties") or {}
        if not isinstance(node, dict):
            return ()
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    return tuple(node.get("properties", {}))


def _spelled(path: list[str | int]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    return f"{text}: " if text else ""


def _source(place: Cursor) -> Source:
    unpacked = place.optional_word("max_unpacked")
    limit = _amount(place, "max_unpacked", _BYTES) if unpacked else None
    return Source(
        files=place.words("files"),
        records=place.optional_word("records"),
        new_version=NewVersion(place.choice("new_version", list(NewVersion), NewVersion.HOLD)),
        stated_count=place.optional_word("stated_count"),
        schedule=place.optional_word("schedule"),
        salvage=place.flag("salvage"),
        max_unpacked_bytes=limit if limit is not None else Source(files=()).max_unpacked_bytes,
    )


def _checking(place: Cursor) -> Checking:
    share = place.decimal("accept_at_least")
    return Checking(
        accept_at_least=Decimal("0.95") if share is None else share,
        all_or_nothing=place.flag("all_or_nothing"),
        drift=place.choice("drift", ("hold", "warn"), "hold"),
    )


def _review(place: Cursor) -> ReviewPolicy:
    above = place.at("votes_above")
    usual = ReviewPolicy()
    return ReviewPolicy(
        votes=place.count("votes", least=1) or 1,
        votes_above_rows=above.count("rows", least=1),
        votes_above=above.count("votes", least=1),
        within_s=_duration_s(place, "within"),
        escalate=_escalation(place),
        rule_changes=place.count("rule_changes", least=1),
        undo_s=_duration_s(place, "undo") or usual.undo_s,
        valid_s=_duration_s(place, "valid") or usual.valid_s,
    )


def _escalation(place: Cursor) -> Escalation | None:
    if not place.has("escalate"):
        return None
    inner = place.at("escalate")
    to = inner.words("to")
    if not to:
        inner.problem("`escalate` names nobody.", "Write `to: [operator]`: roles, accounts or receivers.")
    if not place.has("within"):
        inner.problem("`escalate` has no time to wait for.", "Write `within: 4h` beside it.")
    return Escalation(to=to, again_s=_duration_s(inner, "again"))


def _duration_s(place: Cursor, key: str) -> int | None:
    return _amount(place, key, _SECONDS) if place.has(key) else None


def _amount(place: Cursor, key: str, units: Mapping[str, int]) -> int | None:
    found = _AMOUNT.match(place.word(key))
    if found is None or found.group(2) not in units:
        place.at(key).problem(
            f"`{key}` is {shown(place.at(key).value)}.", f"Write a number and one of {', '.join(units)}."
        )
        return None
    return int(found.group(1)) * units[found.group(2)]


# ── Tasks, targets, files ────────────────────────────────────────────────────────────────────────────────────────────
def _tasks(document: Cursor) -> tuple[Task, ...]:
    found: list[Task] = []
    for entry in document.items("tasks"):
        file, _, function = str(entry.value).partition(":")
        path = PurePosixPath(file)
        name = function or path.stem
        if path.is_absolute() or ".." in path.parts:
            entry.problem(f"the task {file!r} lies outside of the flow folder.", "Put it under tasks/.")
        if name in {task.name for task in found}:
            entry.problem(f"a second task is named {name!r}.", "A task is named after its file or function.")
        found.append(Task(name=name, file=file, function=function or None))
    return tuple(found)


def _targets(document: Cursor, contract: Contract, tasks: tuple[Task, ...]) -> tuple[tuple[Target, ...], str]:
    """The targets, and the name of the record table."""
    place = document.at("targets")
    found: list[Target] = []
    records: list[str] = []
    for layer in ("silver", "gold"):
        for name, entry in place.at(layer).entries():
            if name not in {task.name for task in tasks}:
                entry.problem(f"no task makes the table {name!r}.", did_you_mean(name, [task.name for task in tasks]))
            if name in {target.name for target in found}:
                entry.problem(f"the table {name!r} stands twice.", "A table is silver or gold.")
            if entry.flag("record"):
                records.append(name)
                if layer == "gold" or len(records) > 1:
                    entry.problem(f"{name!r} is no record table.", "One silver table has a row for each record.")
            window = entry.optional_word("window")
            if layer == "silver" and window is not None:
                entry.at("window").problem("`window` at a silver table.", "It says which gold a row of silver touches.")
            found.append(
                Target(
                    name=name,
                    layer=layer,
                    key=entry.words("key"),
                    window=window,
                    reach=entry.count("reach") or 0,
                ),
            )
    silver = [target for target in found if target.layer == "silver"]
    if not tasks and not found:
        return _default_target(contract), contract.record
    if not silver:
        place.problem("no silver table.", "One silver table holds a row for each accepted record.")
        return tuple(found), ""
    keys = tuple(path.replace(".", "_") for path in contract.key)
    by_key = [target.name for target in silver if keys and set(target.key) in ({*keys}, {*contract.key})]
    record = (records or by_key or [silver[0].name])[0]
    _require_key(place, next((target for target in silver if target.name == record), None), keys)
    return tuple(found), record


def _require_key(place: Cursor, record: Target | None, keys: tuple[str, ...]) -> None:
    """Keys of rows are compared with those of the record table, column by column."""
    if record is not None and keys and len(record.key) != len(keys):
        place.at("silver").at(record.name).problem(
            f"the record table has the key {', '.join(record.key) or 'of nothing'}, the contract {', '.join(keys)}.",
            "Give both the same columns, in the same order.",
        )


def _default_target(contract: Contract) -> tuple[Target, ...]:
    """A flow without tasks publishes its record, flattened; rows are told apart by the contract's key."""
    key = tuple(path.replace(".", "_") for path in contract.key) or ("_delivery", "_row")
    return (Target(name=contract.record, layer="silver", key=key),)


def _file_names(
    contract: Contract, parameters: Iterable[ParameterDeclaration], tasks: Iterable[Task]
) -> dict[str, tuple[str, ...]]:
    """File -> keys of flow.yaml that name it, for the message where it is missing."""
    named: dict[str, tuple[str, ...]] = {task.file: ("tasks",) for task in tasks}
    for parameter in parameters:
        if parameter.file is not None:
            named.setdefault(parameter.file, ("parameters", parameter.name))
    for rule in contract.rules:
        if rule.kind is RuleKind.PYTHON:
            named.setdefault(rule.arguments["file"], ())
    return named


def _files(document: Cursor, read_file: ReadFile, names: Mapping[str, tuple[str, ...]]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for file, keys in names.items():
        try:
            found[file] = read_file(file)
        except (KeyError, FileNotFoundError, NotFoundError):
            place = document
            for key in keys:
                place = place.at(key)
            named_by = "flow.yaml" if keys else "a rule of the contract"
            place.problem(f"{file}, which {named_by} names, is not in the flow folder.", "Add it or take the name out.")
    return found


def _needed(read_file: ReadFile, file: str, flow: str) -> bytes:
    try:
        return read_file(file)
    except (KeyError, FileNotFoundError) as error:
        raise NotFoundError(f"The flow {flow} has no {file}; `headgate init` writes one.") from error


def _stop_at_problems(document: Cursor, flow: str) -> None:
    if document.problems:
        raise FlowError(f"{flow}/{FLOW_FILE}", document.problems)
