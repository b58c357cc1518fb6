"""A notice in the form that its receiver reads: mail, a card for Teams, blocks for Slack, or JSON that is signed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from typing import Any

import msgspec

from headgate.alerts.telling import Telling
from headgate.core.errors import ConfigurationError

MOST_SUBJECT = 150
_PREFIX = "whsec_"


def mail(telling: Telling, *, sender: str, to: tuple[str, ...], at: datetime) -> EmailMessage:
    """Plain text, and the same as HTML. The Message-ID is the notice's id, so that a second one is known as such."""
    domain = sender.rpartition("@")[2]
    message = EmailMessage(policy=SMTP)
    message["Subject"] = one_line(f"[{telling.project}] {telling.title}", most=MOST_SUBJECT)
    message["From"] = sender
    message["To"] = ", ".join(to)
    message["Date"] = at
    message["Message-ID"] = f"<{telling.id}@{domain}>"
    if telling.alert:
        message["References"] = f"<{telling.alert}@{domain}>"  # mail programs show an alert's notices together
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n\n".join(_paragraphs(telling)) + "\n")
    message.add_alternative(_html(telling), subtype="html")
    return message


def one_line(text: str, *, most: int) -> str:
    r"""The text without what could begin another header or steer a terminal.

    >>> one_line("a\r\nBcc: x", most=40)
    'a Bcc: x'
    """
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:most]


def teams(telling: Telling) -> dict[str, Any]:
    """A message with an Adaptive Card 1.4, as a Teams workflow "when a webhook request is received" takes it."""
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": telling.title,
        "body": [
            {"type": "TextBlock", "text": telling.title, "weight": "Bolder", "size": "Medium", "wrap": True},
            {"type": "TextBlock", "text": telling.what, "wrap": True},
            {"type": "TextBlock", "text": f"**Next:** {telling.next}", "wrap": True},
            {"type": "FactSet", "facts": [{"title": name, "value": value} for name, value in _facts(telling).items()]},
        ],
    }
    if telling.url:
        card["actions"] = [{"type": "Action.OpenUrl", "title": _open(telling), "url": telling.url}]
    content_type = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": content_type, "contentUrl": None, "content": card}]}


def slack(telling: Telling) -> dict[str, Any]:
    """Blocks for Slack, and the text that notifications show."""
    link = f"\n<{_slack_text(telling.url)}|{_open(telling)}>" if telling.url else ""
    said = f"{_slack_text(telling.what)}\n*Next:* {_slack_text(telling.next)}{link}"
    about = " · ".join(f"{name}: {value}" for name, value in _facts(telling).items())
    return {
        "text": _slack_text(telling.title),
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": one_line(telling.title, most=MOST_SUBJECT)}},
            {"type": "section", "text": {"type": "mrkdwn", "text": said}},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": _slack_text(about)}]},
        ],
    }


def encoded(document: object) -> bytes:
    """JSON as it is sent."""
    return msgspec.json.encode(document)


def signed_headers(telling: Telling, body: bytes, *, secret: str, at: datetime) -> Mapping[str, str]:
    """Headers by which the receiver knows that we sent this, when, and whether it has it already.

    Method: Standard Webhooks, version 1 (standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`. A secret that
    begins with `whsec_` is base64, any other its own bytes.
    """
    stamp = str(int(at.timestamp()))
    signed = b".".join((telling.id.encode(), stamp.encode(), body))
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return {
        "webhook-id": telling.id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _key(secret: str) -> bytes:
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise ConfigurationError(f"a secret that begins with {_PREFIX} is no base64 behind that.") from error


def _facts(telling: Telling) -> dict[str, str]:
    """What every form says beside the sentences."""
    facts = {"Project": telling.project, "Since": f"{telling.opened_at:%d %b %Y, %H:%M} UTC"}
    facts |= {"Alert": telling.alert} if telling.alert else {}
    return facts | ({"Over": f"{telling.resolved_at:%d %b %Y, %H:%M} UTC"} if telling.resolved_at else {})


def _paragraphs(telling: Telling) -> list[str]:
    facts = "\n".join(f"{name}: {value}" for name, value in _facts(telling).items())
    acknowledge = "" if telling.is_over or not telling.alert else f"Acknowledge it: headgate alerts ack {telling.alert}"
    told = [telling.title, telling.what, f"Next: {telling.next}", facts, acknowledge, telling.url]
    return [part for part in told if part]


def _html(telling: Telling) -> str:
    facts = "".join(f"<br>{escape(name)}: {escape(value)}" for name, value in _facts(telling).items())
    link = f'<p><a href="{escape(telling.url)}">{_open(telling)}</a></p>' if telling.url else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(telling.title)}</title></head>'
        f"<body><h1>{escape(telling.title)}</h1><p>{escape(telling.what)}</p><p><b>Next:</b> {escape(telling.next)}</p>"
        f"<p>{facts.removeprefix('<br>')}</p>{link}</body></html>"
    )


def _open(telling: Telling) -> str:
    return "Open the alert" if telling.alert else "Open the page"


def _slack_text(text: str) -> str:
    """Slack's own escape: nothing of ours is a mention or a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
