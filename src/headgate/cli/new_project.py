"""Writes a project: only what is missing, so that a second call changes nothing."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from headgate.archive.anchoring import anchor
from headgate.archive.signer import public_keys
from headgate.cli.opening import opened
from headgate.core.errors import ConfigurationError, NotFoundError
from headgate.core.near_name import did_you_mean
from headgate.preparing import prepare
from headgate.settings import FILE, Settings, read_settings
from headgate.wiring import shipped_flows

DEFAULT_FLOWS = ("sales",)

SETTINGS = """\
# Settings of this project. A line that begins with # shows the default. HEADGATE_MEMORY_LIMIT, HEADGATE_WORKERS,
# HEADGATE_LEDGER, HEADGATE_LEASE_S, HEADGATE_BATCH_DELIVERIES, HEADGATE_SENDER in the environment go before this file.

[project]
name = "{name}"                       # part of the log's name and of the tables' transactions: never change it

[storage]                             # folders, from here
# flows = "flows"                     # contracts, rules, tasks
# lake = "lake"                       # Delta tables
# vault = "vault"                     # the raw files, under their SHA-256
# receipts = "receipts"
# reports = "reports"
# keys = "keys"                       # the private key is readable by its owner alone
# anchor = "anchor/checkpoints.txt"   # signed heads of the log; best kept where nobody can rewrite it
# ledger = "sqlite:///…/ledger.db"

[run]
# memory_limit = "512 MiB"            # of a whole run, all its processes together
# workers = 0                         # processes beside the main one; 0: as many as help
# sender = "local"                    # whom deliveries are from, where nothing else says it

[watch]
# folders = ["incoming"]              # looked at by `headgate watch`
"""

IGNORED = """\
# what Headgate makes; flows and settings are what belongs under version control
/anchor/
/keys/
/lake/
/ledger.db*
/receipts/
/reports/
/uploads/
/vault/
"""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What a call wrote and what it found."""

    folder: Path
    name: str
    flows: tuple[str, ...]
    written: tuple[str, ...]
    kept: tuple[str, ...]
    key: str  # label of the key that signs


def make_project(folder: Path, *, flows: Sequence[str] = (), name: str | None = None) -> Made:
    """Write what is missing of a project: settings, flows that ship, .gitignore, keys, the ledger's entries.

    NotFoundError for a flow that does not ship.
    """
    shipped = shipped_flows()
    wanted = list(dict.fromkeys(flows)) or _default_flows(folder)
    known = sorted(place.parent.name for place in shipped.glob("*/flow.yaml"))
    for flow in wanted:
        if flow not in known:
            raise NotFoundError(f"No flow {flow!r} ships; there are {', '.join(known)}. {did_you_mean(flow, known)}")
    folder.mkdir(parents=True, exist_ok=True)
    written: list[str] = []
    kept: list[str] = []
    settings_text = SETTINGS.replace("{name}", name or _name_of(folder))
    for file, text in ((FILE, settings_text), (".gitignore", IGNORED)):
        _write_missing(folder / file, text, written, kept)
    settings = _read_back(folder, new=FILE in written)
    for flow in wanted:
        _copy_missing(shipped / flow, settings.flows / flow, written, kept)
    with opened(settings) as project:
        key = public_keys(project.platform.secrets)[-1].label
        anchor(project.platform)
        prepare(project.platform)
        names = tuple(project.platform.flows)
    return Made(
        folder=settings.folder, name=settings.name, flows=names, written=tuple(written), kept=tuple(kept), key=key
    )


def _read_back(folder: Path, *, new: bool) -> Settings:
    """The settings; a file that was just written with a name that cannot be is taken away again."""
    try:
        return read_settings(folder)
    except ConfigurationError:
        if new:
            (folder / FILE).unlink()
        raise


def _default_flows(folder: Path) -> list[str]:
    """The default, unless the project has flows already."""
    return [] if list(folder.glob("flows/*/flow.yaml")) else list(DEFAULT_FLOWS)


def _name_of(folder: Path) -> str:
    """The folder's name in the signs that a project's name may have."""
    text = re.sub(r"[^a-z0-9.-]+", "-", folder.resolve().name.lower()).strip("-.")[:63]
    return text or "project"


def _write_missing(place: Path, text: str, written: list[str], kept: list[str]) -> None:
    if place.exists():
        kept.append(place.name)
        return
    place.write_text(text, encoding="utf-8")
    written.append(place.name)


def _copy_missing(source: Path, place: Path, written: list[str], kept: list[str]) -> None:
    told = f"{place.parent.name}/{place.name}"
    if place.exists():
        kept.append(told)
        return
    shutil.copytree(source, place, ignore=shutil.ignore_patterns("__pycache__"))
    written.append(told)
