"""What a password may be: anything of some length, taken as it is."""

from __future__ import annotations

import pytest
from tests.integration.web.conftest import Web

from headgate.core.roles import Grant, Role

PASSWORDS = {
    "letters": "all lower case and long",
    "digits": "123456789012",
    "of 64": "x" * 64,
    "of 256": "y" * 256,
    "spaces": "  spaces around  ",
    "other letters": "\u03c4\u03bf \u03c6\u03c1\u03ac\u03b3\u03bc\u03b1 \u03b1\u03bd\u03bf\u03b9\u03c7\u03c4\u03cc",
    "pictures": "\U0001f30a" * 12,
}


@pytest.mark.parametrize("password", PASSWORDS.values(), ids=PASSWORDS)
def test_any_signs_do_and_count_as_they_are(web: Web, password: str) -> None:
    account = web.account(Grant(role=Role.ANALYST))
    client = web.signed_in(account)
    assert client.post("/me/password", data={"csrf": web.csrf(account), "password": password}).status_code == 200
    for tried, status in ((password, 303), (password[:-1], 403), (f"{password[:-1]}!", 403)):
        answer = web.client().post("/sign-in", data={"name": account.name, "password": tried})
        assert answer.status_code == status
