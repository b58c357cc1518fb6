"""Reads contract.odcs.yaml, a document of the Open Data Contract Standard, into the records of `contract`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from headgate.core.canonical import MAX_INTEGER, digest
from headgate.core.contract import Contract
from headgate.core.contract_columns import read_columns
from headgate.core.contract_properties import properties_of
from headgate.core.contract_rules import read_rules
from headgate.core.contract_schema import VERSIONS, check_document
from headgate.core.contract_service import read_service_levels, read_support, read_team
from headgate.core.errors import ContractError, Problem
from headgate.core.near_name import did_you_mean
from headgate.core.yaml_cursor import Cursor, shown
from headgate.core.yaml_text import Json, YamlText, read_yaml

STATUSES = ("proposed", "draft", "active", "deprecated", "retired")
_SEMANTIC = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?\Z")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_RULE_KEYS = frozenset({"quality"})


def read_contract(
    text: bytes, *, name: str, validate: bool = True, variables: Mapping[str, str] | None = None
) -> Contract:
    """The contract in `text`; ContractError with every problem and its line where it cannot be used.

    `name` is the file's name for messages. Without `validate` the pass over the standard's JSON schema is left out:
    for contracts that passed it before. `variables` fill v3.2's `${NAME}` outside of rules.
    """
    document = read_yaml(text, name=name, error=ContractError)
    cursor = Cursor(text=document, value=document.value)
    _check_version(cursor)
    _stop_at_problems(cursor)
    cursor = _with_variables(cursor, variables or {})
    if validate:
        check_document(cursor)
        _stop_at_problems(cursor)
    contract = _contract(cursor)
    _stop_at_problems(cursor)
    return contract


def _contract(document: Cursor) -> Contract:
    record = _record(document)
    columns = read_columns(record)
    _stop_at_problems(document)
    book = read_rules(record, columns)
    levels = read_service_levels(document, record.word("name"), columns)
    return Contract(
        id=document.word("id"),
        name=document.word("name") or document.word("id"),
        version=_version(document),
        status=document.choice("status", STATUSES, "active"),
        api_version=document.word("apiVersion"),
        digest=contract_digest(document.value),
        record=record.word("name"),
        columns=columns,
        rules=book.rules,
        subject=_subject(record, {column.path for root in columns for column in root.walk()}),
        freshness=levels.freshness,
        frequency_s=levels.frequency_s,
        retention_days=levels.retention_days,
        team=read_team(document),
        support=read_support(document),
        unchecked=book.unchecked,
        description=_description(document),
    )


def contract_digest(value: Json) -> str:
    """SHA-256 of the document's canonical JSON (RFC 8785), so that comments, layout and order of keys change nothing.

    JSON has no exact decimals: a number with a fraction or an exponent is taken as `{"decimal": "0.20"}`, an integer
    beyond 2^53 - 1 as `{"integer": "…"}`.
    """
    return digest(_exact(value))


def _exact(value: Json) -> object:
    if isinstance(value, dict):
        return {key: _exact(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_exact(inner) for inner in value]
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > MAX_INTEGER:
        return {"integer": str(value)}
    return value


def _check_version(document: Cursor) -> None:
    """Name a version that is read; older ones say what to change."""
    if not isinstance(document.value, dict):
        document.problem(f"the document is {shown(document.value)}.", "Begin with `apiVersion: v3.1.0`.")
        return
    version = document.at("apiVersion")
    if version.value is None:
        document.problem("`apiVersion` is missing.", "Write `apiVersion: v3.1.0`.")
    elif version.value not in VERSIONS:
        old = isinstance(version.value, str) and re.match(r"v[0-2]\.|v3\.0", version.value)
        fix = _UPGRADE if old else f"Write one of {', '.join(VERSIONS)}."
        version.problem(f"the version of the standard is {shown(version.value)}.", fix)


_UPGRADE = (
    "Write `apiVersion: v3.1.0`; from v3.0 the team becomes `team: {name, members: […]}` and a rule's `rule` becomes "
    "`metric`, from v2 the columns move to `schema[0].properties`."
)


def _with_variables(document: Cursor, variables: Mapping[str, str]) -> Cursor:
    if document.at("apiVersion").value != "v3.2.0" or not isinstance(document.value, dict):
        return document
    value = _filled(document, variables)
    text = YamlText(name=document.text.name, value=value, lines=document.text.lines)
    return Cursor(text=text, value=value, problems=document.problems)


def _filled(place: Cursor, variables: Mapping[str, str]) -> Json:
    """The value with every `${NAME}` outside of rules replaced."""
    if isinstance(place.value, dict):
        return {
            key: place.at(key).value if key in _RULE_KEYS else _filled(place.at(key), variables) for key in place.value
        }
    if isinstance(place.value, list):
        holder = Cursor(text=place.text, value={"": place.value}, path=place.path, problems=place.problems)
        inner = [Cursor(text=item.text, value=item.value, path=(*place.path, index), problems=item.problems)
                 for index, item in enumerate(holder.items(""))]  # fmt: skip
        return [_filled(item, variables) for item in inner]
    if not isinstance(place.value, str):
        return place.value
    for name in _VARIABLE.findall(place.value):
        if name not in variables:
            place.problem(f"${{{name}}} is not set.", did_you_mean(name, variables) or "Give it in the environment.")
    return _VARIABLE.sub(lambda match: variables.get(match.group(1), match.group()), place.value)


def _record(document: Cursor) -> Cursor:
    objects = document.items("schema")
    if len(objects) != 1:
        document.at("schema").problem(f"{len(objects)} objects in `schema`.", "A flow has one record: name one object.")
        _stop_at_problems(document)
    return objects[0]


def _version(document: Cursor) -> str:
    version = document.word("version")
    if not _SEMANTIC.match(version):
        document.at("version").problem(f"the version is {version!r}.", "Write three numbers, such as 1.0.0.")
    return version


def _subject(record: Cursor, paths: set[str]) -> str | None:
    given = properties_of(record, "record").get("subject")
    if given is None:
        return None
    if given.value not in paths:
        given.problem(f"the subject {shown(given.value)} is no column.", did_you_mean(str(given.value), paths))
    return str(given.value)


def _description(document: Cursor) -> str:
    value = document.at("description").value
    return value if isinstance(value, str) else document.at("description").word("purpose")


def _stop_at_problems(document: Cursor) -> None:
    if document.problems:
        raise ContractError(document.text.name, _in_order(document.problems))


def _in_order(problems: list[Problem]) -> list[Problem]:
    """By line, as they are mended."""
    return sorted(problems, key=lambda problem: int(problem.where.rpartition(":")[2] or 0))
