"""Addresses that notices may go to: checked once, when the settings are read."""

from __future__ import annotations

from email.headerregistry import Address
from urllib.parse import urlsplit

from headgate.core.loopback import is_loopback


def checked_url(url: str) -> str:
    """The URL of a webhook or of our pages: https, or http on this machine; ValueError says what is wrong."""
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("holds a sign that no URL has")
    parts = urlsplit(url)
    host = parts.hostname or ""
    _ = parts.port  # ValueError where it is none
    if parts.scheme not in {"https", "http"} or not host:
        raise ValueError("is no URL that begins with https://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("holds a user or a password, which proxies write down")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError(f"is not encrypted, and {host} is another machine")
    return url


def checked_address(text: str) -> str:
    """An e-mail address, with nothing around it; ValueError says what is wrong."""
    if not text.isascii() or not text.isprintable() or "," in text:
        raise ValueError("is no single address")
    try:
        address = Address(addr_spec=text)
    except Exception as error:
        raise ValueError("is no e-mail address") from error
    if not address.username or not address.domain:
        raise ValueError("is no e-mail address")
    return text
