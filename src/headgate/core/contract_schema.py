"""Checks a raw contract document against the JSON schema of the version of the standard that it names.

The schema is the one inside the package open-data-contract-standard (v3.2.0). Two things are changed after loading:
a slip that calls every column without `logicalType` invalid is mended, and for v3.1.0 what v3.2.0 brought is taken
away again (compared with the schemas that the standard publishes).
"""

from __future__ import annotations

import copy
import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from headgate.core.near_name import near_name
from headgate.core.yaml_cursor import Cursor
from headgate.core.yaml_text import Path

if TYPE_CHECKING:
    from jsonschema_rs import Draft201909Validator, ValidationError

VERSIONS = ("v3.1.0", "v3.2.0")

_NEW_IN_3_2: tuple[tuple[str, ...], ...] = (
    ("properties", "context"),
    ("$defs", "SchemaObject", "properties", "context"),
    ("$defs", "SchemaElement", "properties", "deprecated"),
    ("$defs", "SchemaElement", "properties", "synonyms"),
    ("$defs", "SchemaBaseProperty", "properties", "enum"),
    ("$defs", "SchemaBaseProperty", "properties", "semanticType"),
    ("$defs", "ServiceLevelAgreementProperty", "properties", "customProperties"),
    ("$defs", "ServiceLevelAgreementProperty", "properties", "authoritativeDefinitions"),
    ("$defs", "CustomProperty", "properties", "vendor"),
    ("$defs", "RelationshipBase", "properties", "id"),
)
_LOGICAL_TYPES_3_2 = frozenset({"map", "vector"})
_SHORT_REFERENCE_3_1 = r"^[A-Za-z_][A-Za-z0-9_]*\.[A-Za-z_][A-Za-z0-9_]*$"


def check_document(document: Cursor) -> None:
    """Note a problem for everything in the document that its version's schema does not allow."""
    version = str(document.at("apiVersion").value)
    errors = list(_validator(version).iter_errors(document.value))
    faults = [(tuple(error.instance_path), bool(_unexpected(error))) for error in errors]
    for error, (path, _) in zip(errors, faults, strict=True):
        told = _told(error, [key for key in _unexpected(error) if not _follows(key, path, faults)])
        if told is not None:
            place = Cursor(text=document.text, value=None, path=path, problems=document.problems)
            place.problem(f"{_spelled(path)}{told[0]}", told[1])


def _unexpected(error: ValidationError) -> list[str]:
    return list(getattr(error.kind, "unexpected", None) or [])


def _follows(key: str, path: Path, faults: list[tuple[Path, bool]]) -> bool:
    """Where something in an object is wrong, its known keys are called unknown too; the other fault says enough.

    Faults are (path, whether it is about unknown keys).
    """
    if key not in _known_keys():
        return False
    return any(other[: len(path)] == path and (other != path or not unknown) for other, unknown in faults)


@cache
def _validator(version: str) -> Draft201909Validator:
    from jsonschema_rs import Draft201909Validator  # noqa: PLC0415 - 0.1 s, for contracts that are new only

    return Draft201909Validator(schema_of(version))


@cache
def _packaged_schema() -> dict[str, Any]:
    # The package's own `json_schema()` would import its models, and pydantic with them.
    text = resources.files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def schema_of(version: str) -> dict[str, Any]:
    """The JSON schema of `v3.1.0` or `v3.2.0`, corrected."""
    schema = copy.deepcopy(_packaged_schema())
    _mend_missing_logical_type(schema)
    if version == "v3.1.0":
        _take_back_3_2(schema)
    schema["properties"]["apiVersion"]["enum"] = [version]
    return schema


def _mend_missing_logical_type(schema: dict[str, Any]) -> None:
    """`if logicalType is map` is true of a column without one; say that it must be there."""
    for branch in schema["$defs"]["SchemaBaseProperty"]["allOf"]:
        logical_type = branch.get("if", {}).get("properties", {}).get("logicalType", {})
        if logical_type.get("const") in _LOGICAL_TYPES_3_2:
            branch["if"].setdefault("required", ["logicalType"])


def _take_back_3_2(schema: dict[str, Any]) -> None:
    for *parents, name in _NEW_IN_3_2:
        place = schema
        for parent in parents:
            place = place[parent]
        del place[name]
    base = schema["$defs"]["SchemaBaseProperty"]
    base["properties"]["logicalType"]["enum"] = [
        name for name in base["properties"]["logicalType"]["enum"] if name not in _LOGICAL_TYPES_3_2
    ]
    base["allOf"] = [branch for branch in base["allOf"] if not _is_3_2_branch(branch)]
    schema["$defs"]["ShorthandReference"]["pattern"] = _SHORT_REFERENCE_3_1
    schema["required"] = [*schema["required"], "status"]


def _is_3_2_branch(branch: dict[str, Any]) -> bool:
    logical_type = branch.get("if", {}).get("properties", {}).get("logicalType", {})
    return logical_type.get("const") in _LOGICAL_TYPES_3_2


def _told(error: ValidationError, unknown: list[str]) -> tuple[str, str] | None:
    """What is wrong in words, and the key that was probably meant; None where a fault below says it."""
    if not _unexpected(error):
        if "DataQualityOperators" in error.schema_path:
            return "no operator, or more than one.", "Write one, such as `mustBe: 0`."
        return error.message, ""
    if not unknown:
        return None
    near = {key: near_name(key, _known_keys()) for key in unknown}
    hints = [f"`{name}` instead of `{key}`" for key, name in near.items() if name is not None and name != key]
    what = f"{', '.join(f'`{key}`' for key in unknown)} is not known here."
    return what, f"Did you mean {', '.join(hints)}?" if hints else "Take it out."


@cache
def _known_keys() -> frozenset[str]:
    """Every key that the standard has anywhere."""
    found: set[str] = set()
    waiting: list[Any] = [_packaged_schema()]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            found.update(node.get("properties", {}) if isinstance(node.get("properties"), dict) else {})
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    return frozenset(found)


def _spelled(path: Path) -> str:
    """`schema[0].properties[2]: ` for a path; nothing for the document itself."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    return f"{text}: " if text else ""
