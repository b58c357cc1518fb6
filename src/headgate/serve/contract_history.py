"""Versions of a flow's contract that the ledger knows, and what changed from each to the next."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise

import msgspec

from headgate.core.contract import Contract
from headgate.core.contract_diff import Change, Rise, diff, has_risen_enough, required_rise
from headgate.core.errors import ContractError
from headgate.core.flow import Flow
from headgate.core.platform import Platform
from headgate.core.ports import EventFilter

VERSIONS = 12  # the newest


class ContractVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A contract as it was entered."""

    version: str
    digest: str
    entered_at: datetime
    changes: tuple[Change, ...] = ()  # from the version before
    level: Rise = Rise.NONE  # by which its number had to rise
    enough: bool = True  # whether it did
    first: bool = False  # nothing known stands before it


class ContractHistory(msgspec.Struct, frozen=True, kw_only=True):
    """The newest first, and since which version each rule is as it is."""

    versions: tuple[ContractVersion, ...]
    since: Mapping[str, str]  # id of a rule -> version


def read_history(platform: Platform, flow: Flow) -> ContractHistory:
    """The versions of one flow, from the log; a text that cannot be read any more is told without changes."""
    which = EventFilter(flows=(flow.name,), type="contract")
    leaves = [json.loads(leaf) for _, leaf in reversed(platform.ledger.events(which, most=VERSIONS))]
    known = [(leaf, _contract(platform, leaf["fields"]["digest"])) for leaf in leaves]
    versions = [_version(leaf, None, None) for leaf, _ in known[:1]]
    versions += [_version(leaf, old, new) for (_, old), (leaf, new) in pairwise(known)]
    return ContractHistory(versions=tuple(reversed(versions)), since=_since(flow, [one for _, one in known if one]))


def _version(leaf: Mapping[str, object], old: Contract | None, new: Contract | None) -> ContractVersion:
    fields = leaf["fields"]
    assert isinstance(fields, dict)
    changes = tuple(diff(old, new)) if old and new else ()
    level = required_rise(changes)
    return ContractVersion(
        version=fields["version"],
        digest=fields["digest"],
        entered_at=datetime.fromisoformat(str(leaf["at"])),
        changes=changes,
        level=level,
        enough=old is None or new is None or has_risen_enough(old.version, new.version, level),
        first=new is None and old is None,
    )


def _contract(platform: Platform, digest: str) -> Contract | None:
    text = platform.ledger.contract(digest=digest)
    if text is None:
        return None
    try:
        return platform.memo.result("contract", Contract, [digest], lambda: _read(text, digest))
    except ContractError:  # entered by a release that took what this one does not
        return None


def _read(text: str, digest: str) -> Contract:
    # YAML takes its time to import; contracts that are remembered do without.
    from headgate.core.contract_document import read_contract  # noqa: PLC0415

    return read_contract(text.encode(), name=f"contract {digest[:12]}", validate=False)


def _since(flow: Flow, known: Sequence[Contract]) -> dict[str, str]:
    """The version from which on each rule has the digest that it has now."""
    found: dict[str, str] = {}
    digests: dict[str, str] = {}
    for contract in known:
        for rule in contract.rules:
            if digests.get(rule.id) != rule.digest:
                found[rule.id] = contract.version
            digests[rule.id] = rule.digest
    return {rule.id: found.get(rule.id, flow.contract.version) for rule in flow.contract.rules}
