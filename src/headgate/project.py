"""A project on the disk: its flows, and what the ledger must know of them before anything runs."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from headgate import __version__
from headgate.core.errors import ConfigurationError, NotFoundError
from headgate.core.flow import Flow
from headgate.core.flow_document import CONTRACT_FILE, read_flow
from headgate.core.parameters import parse_value, vault_name
from headgate.core.platform import Platform
from headgate.core.records import ParameterVersion
from headgate.settings import Settings

VALIDATED = ".validated"  # in the stage
SYSTEM = "headgate"  # who sets defaults


def load_flows(settings: Settings, only: str | None = None) -> dict[str, Flow]:
    """The flows of a project by name; `only` reads one of them."""
    folders = sorted(place.parent for place in settings.flows.glob("*/flow.yaml"))
    if only is not None:
        folders = [folder for folder in folders if folder.name == only]
        if not folders:
            raise NotFoundError(
                f"there is no flow {only} in {settings.flows}. Next: `headgate doctor` lists the flows."
            )
    if not folders:
        raise ConfigurationError(f"{settings.flows} holds no flow. Next: `headgate init` writes one.")
    known = _Validated(settings.stage / VALIDATED)
    flows = {folder.name: known.load(folder) for folder in folders}
    known.keep()
    return flows


class _Validated:
    """Flows that passed every check in this version of Headgate, by digest: they need not pass it at each start."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._before = set(place.read_text(encoding="utf-8").split()) if place.is_file() else set()
        self._now: set[str] = set()

    def load(self, folder: Path) -> Flow:
        """The flow, checked in full unless it was before."""
        stamp = ""
        if self._before:
            flow = load_flow(folder, validate=False)
            stamp = self._stamp(flow)
        if not stamp or stamp not in self._before:
            flow = load_flow(folder)
            stamp = self._stamp(flow)
        self._now.add(stamp)
        return flow

    def keep(self) -> None:
        """Remember what passed; where nothing can be written it is checked again next time."""
        if self._now <= self._before:
            return
        with suppress(OSError):
            self._place.parent.mkdir(parents=True, exist_ok=True)
            self._place.write_text("\n".join(sorted(self._before | self._now)), encoding="utf-8")

    @staticmethod
    def _stamp(flow: Flow) -> str:
        parts = [__version__, flow.name, flow.digest, flow.contract.digest]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def load_flow(folder: Path, *, validate: bool = True) -> Flow:
    """One flow from its folder; a name with a path in it reaches nothing outside."""
    root = folder.resolve()

    def read_file(name: str) -> bytes:
        place = (root / name).resolve()
        if not place.is_relative_to(root):
            raise FileNotFoundError(name)
        return place.read_bytes()

    return read_flow(folder.name, read_file, folder=folder, validate=validate)


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
