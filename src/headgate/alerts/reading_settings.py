"""Reads `[alerts]` of headgate.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headgate.alerts.addresses import checked_address, checked_url
from headgate.alerts.settings import AlertSettings, MailServer, Receiver, ReceiverKind, Security
from headgate.alerts.toml_table import BYTES, SECONDS, TomlTable
from headgate.core.alerts import AlertKind
from headgate.core.loopback import is_loopback

FILE = "headgate.toml"
_DURATIONS = ("again_after", "escalate_after", "slow_after", "review_within", "audit_every")
_KNOWN = (*_DURATIONS, "url", "levels", "receivers", "mail", "backlog", "storage_quota")
_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def read_alert_settings(folder: Path) -> AlertSettings:
    """`[alerts]` of the project in a folder; ConfigurationError names what does not fit."""
    place = folder / FILE
    document = tomllib.loads(place.read_text(encoding="utf-8"))
    table = TomlTable(place, "alerts", document.get("alerts", {}))
    table.know(_KNOWN)
    mail = _mail(table.inner("mail")) if "mail" in table else None
    named = table.inner("receivers")
    receivers = {name: _receiver(named, name, mail) for name in named.names()}
    given: dict[str, Any] = {f"{name}_s": table.amount(name, SECONDS) for name in _DURATIONS if name in table}
    if "backlog" in table:
        given["backlog"] = table.count("backlog")
    if "storage_quota" in table:
        given["storage_quota_bytes"] = table.amount("storage_quota", BYTES)
    url = table.text("url")
    return AlertSettings(
        url=table.checked("url", url, checked_url).rstrip("/") if url else "",
        levels=_levels(table, receivers),
        receivers=receivers,
        mail=mail,
        **given,
    )


def _mail(table: TomlTable) -> MailServer:
    table.know(("host", "port", "security", "from", "user", "password_secret", "ca"))
    host, user, secret = table.text("host"), table.text("user"), table.text("password_secret")
    if not host or not host.isprintable() or " " in host:
        table.wrong("host", f"is {host[:80]!r}. Name the server that takes mail.")
    security = table.word("security", Security, Security.STARTTLS)
    if security is Security.NONE and not is_loopback(host.lower().strip("[]")):
        table.wrong("security", f"is none, and {host} is another machine. Write starttls or tls.")
    if bool(user) != bool(secret):
        table.wrong("user", "and password_secret go together. Give both or none.")
    return MailServer(
        host=host,
        port=table.count("port") if "port" in table else _PORTS[security],
        security=security,
        sender=table.checked("from", table.text("from"), checked_address),
        user=user,
        password_secret=secret,
        ca=table.path("ca"),
    )


def _receiver(named: TomlTable, name: str, mail: MailServer | None) -> Receiver:
    table = named.inner(name)
    if _NAME.fullmatch(name) is None:
        named.wrong(name[:80], "names no receiver: a-z, 0-9, '_' and '-', at most 63 characters.")
    table.know(("kind", "to", "url", "url_secret", "secret", "ca", "flows", "kinds", "people"))
    kind = table.word("kind", ReceiverKind)
    to, url, url_secret, secret = (
        table.texts("to"),
        table.text("url"),
        table.text("url_secret"),
        table.text("secret"),
    )
    if kind is ReceiverKind.EMAIL:
        if not to or url or url_secret:
            table.wrong("to", 'is what an e-mail needs, and no url. Write to = ["name@example.org"].')
        if mail is None:
            table.wrong("kind", "is email, and there is no [alerts.mail]. Name the server that takes mail there.")
    elif to or bool(url) == bool(url_secret):
        table.wrong("url", "or url_secret is what a webhook needs: one of them, and no `to`.")
    if secret and kind is not ReceiverKind.JSON:
        table.wrong("secret", f"signs, and {kind} reads no signature. Use kind json, or leave it out.")
    return Receiver(
        name=name,
        kind=kind,
        to=tuple(table.checked("to", one, checked_address) for one in to),
        url=table.checked("url", url, checked_url) if url else "",
        url_secret=url_secret,
        secret=secret,
        ca=table.path("ca"),
        flows=table.texts("flows"),
        kinds=tuple(table.one_of("kinds", one, AlertKind) for one in table.texts("kinds")),
        people=table.texts("people"),
    )


def _levels(table: TomlTable, receivers: Mapping[str, Receiver]) -> tuple[tuple[str, ...], ...]:
    """Lists of names; all receivers in one list where nothing is said. Those of people need stand in none."""
    others = tuple(name for name, one in receivers.items() if not one.people)
    if "levels" not in table:
        return (others,) if others else ()
    levels = table.lists("levels")
    named = {name for level in levels for name in level}
    if unknown := sorted(named - set(receivers)):
        table.wrong("levels", f"names {unknown[0]!r}, and there is no [alerts.receivers.{unknown[0]}].")
    if left := sorted(set(others) - named):
        table.wrong("levels", f"leaves out {', '.join(left)}, who would hear nothing.")
    return levels
