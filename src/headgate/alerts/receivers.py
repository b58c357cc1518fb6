"""The receivers of the settings, each as one call that brings a notice there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Protocol

from headgate.alerts import forms
from headgate.alerts.addresses import checked_url
from headgate.alerts.desk import Deliver
from headgate.alerts.settings import AlertSettings, Receiver, ReceiverKind
from headgate.alerts.telling import Telling
from headgate.core.errors import ConfigurationError
from headgate.core.ports import Clock, Secrets

SendMail = Callable[[EmailMessage], None]


class Post(Protocol):
    """Sends JSON to a URL."""

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str], *, ca: Path | None = None) -> None:
        """TransientError where it may go through later, ReceiverRefusedError where it never will."""


def make_receivers(
    settings: AlertSettings, *, secrets: Secrets, send_mail: SendMail | None, post: Post, clock: Clock
) -> dict[str, Deliver]:
    """A call for each receiver. Secrets are asked for at each notice, so that a new one counts at once."""
    made: dict[str, Deliver] = {}
    for name, receiver in settings.receivers.items():
        if receiver.kind is ReceiverKind.EMAIL:
            assert send_mail is not None
            assert settings.mail is not None
            made[name] = partial(_mail, send_mail, settings.mail.sender, receiver.to, clock)
        else:
            made[name] = partial(_post, post, receiver, secrets, clock)
    return made


def _mail(send_mail: SendMail, sender: str, to: tuple[str, ...], clock: Clock, telling: Telling) -> None:
    send_mail(forms.mail(telling, sender=sender, to=to, at=clock()))


def _post(post: Post, receiver: Receiver, secrets: Secrets, clock: Clock, telling: Telling) -> None:
    headers: Mapping[str, str] = {"webhook-id": telling.id}
    if receiver.kind is ReceiverKind.TEAMS:
        body = forms.encoded(forms.teams(telling))
    elif receiver.kind is ReceiverKind.SLACK:
        body = forms.encoded(forms.slack(telling))
    else:
        body = forms.encoded(telling)
        if receiver.secret:
            headers = forms.signed_headers(telling, body, secret=secrets.get(receiver.secret), at=clock())
    post(receiver.url or _secret_url(receiver, secrets), body, headers, ca=receiver.ca)


def _secret_url(receiver: Receiver, secrets: Secrets) -> str:
    try:
        return checked_url(secrets.get(receiver.url_secret))
    except ValueError as error:
        raise ConfigurationError(
            f"the secret {receiver.url_secret!r} of the receiver {receiver.name!r} {error}. Next: put its URL there."
        ) from error
