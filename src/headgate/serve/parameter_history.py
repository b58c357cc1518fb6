"""Parameters of a flow with their versions: who changed what, when and why, and the two values side by side."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from headgate.core.errors import NotFoundError
from headgate.core.flow import Flow, ParameterDeclaration
from headgate.core.parameters import vault_name
from headgate.core.platform import Platform
from headgate.core.records import ParameterVersion

LINES = 12  # of a table's difference
MOST_BYTES = 4 << 20  # of a table whose lines are compared on a page
CHANGES = 20  # the newest of a parameter


class ParameterChange(msgspec.Struct, frozen=True, kw_only=True):
    """One version, with what went and what came; the first has only what came."""

    version: ParameterVersion
    before: tuple[str, ...]
    after: tuple[str, ...]
    more: int = 0  # lines of a table that differ and are not shown


class ParameterLine(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter as it stands."""

    declaration: ParameterDeclaration
    version: ParameterVersion | None  # in force
    value: str  # for people: of a table how many lines it has
    changes: tuple[ParameterChange, ...]  # newest first


def parameter_lines(platform: Platform, flow: Flow) -> list[ParameterLine]:
    """The flow's parameters in their order."""
    versions = platform.ledger.parameters(flow.name)
    return [_line(platform, one, [each for each in versions if each.name == one.name]) for one in flow.parameters]


def _line(platform: Platform, one: ParameterDeclaration, versions: Sequence[ParameterVersion]) -> ParameterLine:
    newest = versions[-1] if versions else None
    shown = versions[-CHANGES - 1 :]
    compare = _compare_tables if one.type == "table" else _compare_values
    changes = [compare(platform, old, new) for old, new in pairwise(shown)]
    if versions and len(versions) <= CHANGES:
        first = (_told(platform, one, versions[0]),)
        changes.insert(0, ParameterChange(version=versions[0], before=(), after=first))
    return ParameterLine(
        declaration=one,
        version=newest,
        value=_told(platform, one, newest) if newest else "",
        changes=tuple(reversed(changes)),
    )


def _told(platform: Platform, one: ParameterDeclaration, version: ParameterVersion) -> str:
    if one.type != "table":
        return version.value
    lines = _lines(platform, version)
    return "a table" if lines is None else f"{max(len(lines) - 1, 0):,} lines"


def _compare_values(_platform: Platform, old: ParameterVersion, new: ParameterVersion) -> ParameterChange:
    return ParameterChange(version=new, before=(old.value,), after=(new.value,))


def _compare_tables(platform: Platform, old: ParameterVersion, new: ParameterVersion) -> ParameterChange:
    """Lines that one of the two files has and the other has not; by digest where one is large or gone."""
    before, after = _lines(platform, old), _lines(platform, new)
    if before is None or after is None:
        return ParameterChange(version=new, before=(f"SHA-256 {old.value}",), after=(f"SHA-256 {new.value}",))
    had, has = set(before), set(after)
    gone = [line for line in before if line not in has]
    came = [line for line in after if line not in had]
    more = max(len(gone) - LINES, 0) + max(len(came) - LINES, 0)
    return ParameterChange(version=new, before=tuple(gone[:LINES]), after=tuple(came[:LINES]), more=more)


def _lines(platform: Platform, version: ParameterVersion) -> list[str] | None:
    name = vault_name(version.value)
    size = platform.vault.size(name)
    if size is None or size > MOST_BYTES:
        return None
    try:
        with platform.vault.open(name) as stream:
            return stream.read().decode("utf-8-sig", "replace").splitlines()
    except NotFoundError:
        return None
