"""A project on the disk: its flows, and what the ledger must know of them before anything runs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path, PurePath

from headgate.core.errors import ConfigurationError, NotFoundError
from headgate.core.flow import Flow
from headgate.core.flow_files import CONTRACT_FILE, FLOW_FILE, files_digest
from headgate.core.memo import Memo
from headgate.core.parameters import parse_value, vault_name
from headgate.core.platform import Platform
from headgate.core.records import ParameterVersion
from headgate.core.replacing import replace
from headgate.memo_file import opened_memo
from headgate.settings import Settings

SYSTEM = "headgate"  # who sets defaults


def load_flows(settings: Settings, only: str | None = None, *, memo: Memo | None = None) -> dict[str, Flow]:
    """The flows of a project by name; `only` reads one of them.

    What is the `memo` has, by default that in the stage, is not read again.
    """
    folders = sorted(place.parent for place in settings.flows.glob("*/flow.yaml"))
    if only is not None:
        folders = [folder for folder in folders if folder.name == only]
        if not folders:
            raise NotFoundError(
                f"there is no flow {only} in {settings.flows}. Next: `headgate doctor` lists the flows."
            )
    if not folders:
        raise ConfigurationError(f"{settings.flows} holds no flow. Next: `headgate init` writes one.")
    if memo is not None:
        return {folder.name: load_flow(folder, memo) for folder in folders}
    with opened_memo(settings) as found:
        return {folder.name: load_flow(folder, found) for folder in folders}


def load_flow(folder: Path, memo: Memo | None = None) -> Flow:
    """One flow from its folder; a name with a path in it reaches nothing outside.

    A flow of which nothing changed since it was read and checked in full is taken from the `memo`.
    """
    read_file = cache(_reader(folder))  # what is remembered must be of the bytes that its digest is of
    whole = cache(lambda: _read(folder, read_file))
    if memo is None:
        return whole()
    try:
        named_by = [hashlib.sha256(read_file(name)).hexdigest() for name in (FLOW_FILE, CONTRACT_FILE)]
        names = memo.result("files of a flow", tuple[str, ...], named_by, lambda: tuple(whole().files))
        files = {name: read_file(name) for name in names}
    except FileNotFoundError:
        return whole()  # which says what is missing
    flow = memo.result("flow", Flow, [named_by, files_digest(files)], lambda: _placeless(whole()))
    return replace(flow, name=folder.name, folder=folder, files=files)


def _reader(folder: Path) -> Callable[[str], bytes]:
    root = folder.resolve()

    def read_file(name: str) -> bytes:
        place = (root / name).resolve()
        if not place.is_relative_to(root):
            raise FileNotFoundError(name)
        return place.read_bytes()

    return read_file


def _read(folder: Path, read_file: Callable[[str], bytes]) -> Flow:
    # YAML, its schemas and SQLGlot take 0.1 s to import; flows that are remembered do without.
    from headgate.core.flow_document import read_flow  # noqa: PLC0415

    return read_flow(folder.name, read_file, folder=folder)


def _placeless(flow: Flow) -> Flow:
    """What follows from the content of a flow's files alone."""
    return replace(flow, name="", folder=PurePath(), files={})


def enter_flows(platform: Platform) -> None:
    """Enter contracts and parameters' defaults that the ledger does not know; what it knows stays as it is."""
    for flow in platform.flows.values():
        if platform.ledger.contract(digest=flow.contract.digest) is None:
            text = (Path(flow.folder) / CONTRACT_FILE).read_text(encoding="utf-8")
            platform.ledger.register_contract(flow.contract, text, flow=flow.name, at=platform.clock())
        known = {version.name for version in platform.ledger.parameters(flow.name)}
        for declaration in flow.parameters:
            if declaration.name in known:
                continue
            value = declaration.default
            if declaration.type == "table":
                content = flow.files[declaration.file or ""]
                value = hashlib.sha256(content).hexdigest()
                platform.vault.put(vault_name(value), [content])
            elif value is not None:
                parse_value(declaration, value)
            if value is not None:
                set_parameter(platform, flow.name, declaration.name, value, set_by=SYSTEM, reason="default of the flow")


def set_parameter(
    platform: Platform,
    flow: str,
    name: str,
    value: str,
    *,
    set_by: str,
    reason: str,
) -> ParameterVersion:
    """Enter the next version of a parameter; an equal value changes nothing."""
    return platform.ledger.set_parameter(
        ParameterVersion(
            flow=flow,
            name=name,
            number=0,  # the ledger gives it
            value=value,
            set_by=set_by,
            reason=reason,
            set_at=platform.clock(),
        ),
    )
