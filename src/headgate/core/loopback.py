"""Which host names mean this machine, so that what goes there need not be encrypted."""

from __future__ import annotations

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether the name is this machine whatever a resolver says; host is in lower case and without brackets.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("localhost.example.org")
    (True, True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
