"""What a password may be: anything of some length, taken as it is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha1
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.integration.web.conftest import Web

from headgate.core.errors import ConfigurationError, TransientError
from headgate.core.roles import Grant, Role
from headgate.web.common_passwords import DIGEST_BYTES, LIST
from headgate.web.passwords import Argon2Passwords
from headgate.web.refused_passwords import RefusedPasswords

PASSWORDS = {
    "letters": "all lower case and long",
    "digits": "860042917735",
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


@pytest.mark.parametrize("password", ["123456789012", "QWERTYuiop123", "q1w2e3r4t5y6", "iloveyou1234"])
def test_what_many_people_have_is_refused(web: Web, password: str) -> None:
    account = web.account(Grant(role=Role.ANALYST))
    client = web.signed_in(account)
    answer = client.post("/me/password", data={"csrf": web.csrf(account), "password": password})
    assert (answer.status_code, "many people have" in answer.text) == (400, True)
    assert web.site.people.accounts.accounts(name=account.name)[0].password is None


def test_the_list_that_ships_holds_thousands_that_are_long_enough() -> None:
    """Three thousand of the length that is asked for are what ASVS 5.0 wants at least (6.2.4)."""
    entries = [LIST.read_bytes()[place : place + DIGEST_BYTES] for place in range(0, LIST.stat().st_size, DIGEST_BYTES)]
    assert len(entries) > 40_000
    assert entries == sorted(set(entries))
    assert {len(entry) for entry in entries} == {DIGEST_BYTES}


@pytest.mark.parametrize(
    "password",
    ["my headgate is open", "H3adG@te-is-open", "the weirworks river", "W.E.I.R works river", "lake-2026-lake-2026"],
)
def test_words_of_the_project_are_refused(password: str) -> None:
    passwords = Argon2Passwords(["lake", "Weirworks", "it"])
    why = passwords.refusal(password, "reviewer-1")
    assert why is not None
    assert "may not hold" in why
    assert passwords.refusal("with it a river and a weir", "al") is None  # too short to be forbidden
    assert "'reviewer-1'" in str(passwords.refusal("reviewer1reviewer1", "reviewer-1"))


def test_a_file_of_the_project_refuses_more(tmp_path: Path) -> None:
    listed = ["a river and a weir", "another river here"]
    hashes = sorted(sha1(one.encode(), usedforsecurity=False).hexdigest().upper() for one in listed)
    (tmp_path / "list").write_text("".join(f"{one}:3\r\n" for one in hashes))
    passwords = Argon2Passwords(refused=RefusedPasswords(tmp_path / "list"))
    assert all(passwords.refusal(one, "reviewer-1") for one in listed)
    assert passwords.refusal("a third river here", "reviewer-1") is None


@given(st.sets(st.text(max_size=20), max_size=60), st.text(max_size=20), st.sampled_from(["", "\n"]), st.randoms())
def test_each_listed_password_is_found_and_no_other(
    tmp_path_factory: pytest.TempPathFactory, listed: set[str], other: str, end: str, chance: Random
) -> None:
    lines = []
    for one in listed:
        digest = sha1(one.encode(errors="surrogatepass"), usedforsecurity=False).hexdigest().upper()
        lines.append(f"{digest}:{chance.randrange(10 ** chance.randrange(1, 9))}" if chance.random() < 0.7 else digest)
    place = tmp_path_factory.mktemp("lists") / "list"
    place.write_text("\n".join(sorted(lines)) + (end if lines else ""))
    refused = RefusedPasswords(place)
    assert all(refused.holds(one) for one in listed)
    assert refused.holds(other) == (other in listed)


@pytest.mark.parametrize(
    ("text", "said"),
    [("letmein\nqwerty\n", "no SHA-1"), (f"{'B' * 40}\n{'A' * 40}\n", "not sorted"), ("A" * 5_000, "no SHA-1")],
)
def test_a_file_that_is_no_such_list(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "list").write_text(text)
    with pytest.raises(ConfigurationError, match=said):
        RefusedPasswords(tmp_path / "list")


def test_so_many_are_hashed_at_once_and_no_more() -> None:
    """Each takes 64 MiB, and whoever likes can ask for one."""
    impatient, patient = Argon2Passwords(at_once=1, patience_s=0), Argon2Passwords(at_once=1, patience_s=60)

    def looked(passwords: Argon2Passwords) -> bool:
        try:
            return passwords.fits("", "any") is False
        except TransientError:
            return False

    with ThreadPoolExecutor(8) as threads:
        assert False in threads.map(looked, [impatient] * 16)
        assert set(threads.map(looked, [patient] * 8)) == {True}
    assert looked(impatient)  # a turn that was refused takes none from the next
