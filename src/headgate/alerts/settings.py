"""`[alerts]` of headgate.toml: limits, when who is told, and the receivers. Receivers stand nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import msgspec

from headgate.core.alerts import AlertKind


class ReceiverKind(StrEnum):
    """How a receiver is told."""

    EMAIL = "email"
    TEAMS = "teams"  # an Adaptive Card for a workflow of Microsoft Teams
    SLACK = "slack"  # an incoming webhook
    JSON = "json"  # the notice as it is, signed where there is a secret


class Security(StrEnum):
    """How mail travels to its server."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"  # to this machine only


class MailServer(msgspec.Struct, frozen=True, kw_only=True):
    """Who takes mail."""

    host: str
    port: int
    security: Security
    sender: str  # address in From
    user: str = ""
    password_secret: str = ""  # name of a secret
    ca: Path | None = None  # certificates to trust beside the system's


class Receiver(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told."""

    name: str
    kind: ReceiverKind
    to: tuple[str, ...] = ()  # addresses of an e-mail
    url: str = ""  # of a webhook
    url_secret: str = ""  # name of the secret that is the URL: who knows it can write to the channel
    secret: str = ""  # name of the secret that signs (json)
    ca: Path | None = None
    flows: tuple[str, ...] = ()  # told of these only; none: of all, and of what is about no flow
    kinds: tuple[AlertKind, ...] = ()  # told of these only; none: of all
    people: tuple[str, ...] = ()  # names of accounts, labels or ids of upload links: told of what waits for them


class AlertSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When something is wrong, and who is told."""

    url: str = ""  # where the pages answer, for links
    again_after_s: int = 4 * 3600  # an alert that lasts, and that nobody acknowledged, is told again
    escalate_after_s: int = 30 * 60  # one that nobody acknowledged is told to the next list
    levels: tuple[tuple[str, ...], ...] = ()  # names of receivers
    receivers: Mapping[str, Receiver] = {}
    mail: MailServer | None = None
    slow_after_s: int = 3600  # where the contract says nothing
    backlog: int = 1000  # deliveries of a flow that wait
    review_within_s: int = 3 * 86_400  # where the flow's policy says nothing
    storage_quota_bytes: int | None = None
    audit_every_s: int = 3600  # the whole log is verified
