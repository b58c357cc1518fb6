"""What is proposed, read and checked as if it were in force: a flow with another contract, values, tables."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from io import BytesIO

import msgspec

from headgate.core.contract_diff import Change, Rise, diff, has_risen_enough, required_rise
from headgate.core.errors import UsageError
from headgate.core.flow import Flow, ParameterDeclaration
from headgate.core.parameters import canonical_text, parse_table, read_table, vault_name
from headgate.core.platform import Platform
from headgate.deciding.drift import flow_with
from headgate.operations import declared


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What is proposed, as somebody wrote it."""

    contract_text: str | None = None  # None: the contract stays
    values: Mapping[str, str] = {}  # of parameters by name; of a table the SHA-256 of a file in the vault
    tables: Mapping[str, bytes] = {}  # content of CSV files for parameters that are tables


class ValueChange(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter with another value; of a table the SHA-256 of its file."""

    name: str
    before: str | None
    after: str


class Proposed(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal that could be put in force."""

    flow: Flow  # with the proposed contract
    values: Mapping[str, str]  # canonical texts of the parameters that change
    changes: tuple[ValueChange, ...]
    contract_changes: tuple[Change, ...]
    rise: Rise  # that the contract's version needs
    risen_enough: bool
    in_force: Mapping[str, str]  # all parameters as they are
    aside: Mapping[str, bytes]  # objects of the vault that are not there yet


def read_proposal(platform: Platform, flow: Flow, proposal: Proposal) -> Proposed:
    """Read a proposal; changes nothing.

    UsageError where it changes nothing; DocumentError for a contract that cannot be used, or that the flow's tasks do
    not fit; NotFoundError for another name than a parameter's; ConfigurationError for a value that does not fit.
    """
    after = flow if proposal.contract_text is None else flow_with(flow, proposal.contract_text)
    changes = tuple(diff(flow.contract, after.contract))
    in_force = {version.name: version.value for version in platform.ledger.parameters(flow.name)}
    aside: dict[str, bytes] = {}
    found = {name: _text(platform, flow, name, text) for name, text in proposal.values.items()}
    for name, content in proposal.tables.items():
        parse_table(_table(flow, name), BytesIO(content))
        found[name] = hashlib.sha256(content).hexdigest()
        aside[vault_name(found[name])] = content
    changed = {name: text for name, text in sorted(found.items()) if in_force.get(name) != text}
    if not changes and not changed:
        raise UsageError(
            f"nothing is proposed that is not in force in flow {flow.name}. "
            "Next: give another contract, or another value of a parameter."
        )
    return Proposed(
        flow=after,
        values=changed,
        changes=tuple(ValueChange(name=name, before=in_force.get(name), after=text) for name, text in changed.items()),
        contract_changes=changes,
        rise=required_rise(changes),
        risen_enough=has_risen_enough(flow.contract.version, after.contract.version, required_rise(changes)),
        in_force=in_force,
        aside=aside,
    )


def _text(platform: Platform, flow: Flow, name: str, text: str) -> str:
    """The value as the ledger would keep it; of a table the SHA-256 of a file that the vault has."""
    declaration = declared(flow, name)
    if declaration.type != "table":
        return canonical_text(declaration, text)
    read_table(declaration, platform.vault, text)
    return text


def _table(flow: Flow, name: str) -> ParameterDeclaration:
    declaration = declared(flow, name)
    if declaration.type != "table":
        raise UsageError(f"parameter {name} of flow {flow.name} is no table. Next: give its value as text.")
    return declaration
