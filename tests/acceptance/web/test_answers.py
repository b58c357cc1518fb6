"""How answers leave a real server."""

from __future__ import annotations

import http.client
import time
from urllib.parse import urlsplit

from tests.acceptance.web.conftest import Served

DELAYED_ACKNOWLEDGEMENT_S = 0.035  # at least: how long a client's system may keep a server waiting between two writes


def test_an_answer_does_not_wait_until_its_first_part_is_acknowledged(served: Served) -> None:
    connection = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=60)
    took = []
    for _ in range(60):
        began = time.monotonic()
        connection.request("GET", "/sign-in")
        assert b"<html" in connection.getresponse().read()
        took.append(time.monotonic() - began)
    assert min(took) < DELAYED_ACKNOWLEDGEMENT_S
    connection.close()
