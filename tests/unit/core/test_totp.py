"""One-time codes, against the vectors of RFC 6238 and RFC 4226."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.totp import (
    RECOVERY_BYTES,
    SECRET_BYTES,
    code_at,
    enrolment_uri,
    recovery_plain,
    recovery_text,
    step_at,
    step_of,
)
from headgate.second_factor import MOST_CODE

SECRET = b"12345678901234567890"
NOW = datetime(2026, 3, 1, 9, 30, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),  # RFC 6238, appendix B, the last six of its eight digits
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_vectors_of_the_rfc(seconds: int, code: str) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    assert code_at(SECRET, step_at(moment)) == code
    assert step_of(SECRET, code, moment) == step_at(moment)


def test_the_vectors_of_the_counter() -> None:
    codes = "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489"  # RFC 4226, appendix D
    assert [code_at(SECRET, count) for count in range(10)] == codes.split()


@pytest.mark.parametrize(("drift_s", "fits"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_off_by_one_step(drift_s: int, *, fits: bool) -> None:
    code = code_at(SECRET, step_at(NOW + timedelta(seconds=drift_s)))
    assert (step_of(SECRET, code, NOW) is not None) == fits


def test_spaces_do_not_count() -> None:
    code = code_at(SECRET, step_at(NOW))
    assert step_of(SECRET, f" {code[:3]} {code[3:]} ", NOW) == step_at(NOW)


@given(st.text(max_size=40))
def test_whatever_is_typed_is_no_code(text: str) -> None:
    plain = "".join(text.split())
    codes = {code_at(SECRET, step_at(NOW) + drift) for drift in (-1, 0, 1)}
    assert (step_of(SECRET, text, NOW) is not None) == (plain in codes)


def test_recovery_codes_are_long_enough_for_a_fast_hash() -> None:
    """112 bits is where ASVS 5.0 (6.5.2) stops asking for a slow one."""
    assert 8 * RECOVERY_BYTES >= 112
    assert len(recovery_text(bytes(RECOVERY_BYTES))) <= MOST_CODE


@given(st.binary(min_size=RECOVERY_BYTES, max_size=RECOVERY_BYTES))
def test_a_recovery_code_is_read_however_it_is_typed(random: bytes) -> None:
    text = recovery_text(random)
    for typed in (text, text.upper(), text.replace("-", ""), text.replace("-", " "), f" {text} "):
        assert recovery_plain(typed) == text


def test_the_address_for_an_authenticator() -> None:
    parts = urlsplit(enrolment_uri(bytes(SECRET_BYTES), project="shop", name="ann"))
    assert (parts.scheme, parts.netloc, parts.path) == ("otpauth", "totp", "/Headgate%20shop:ann")
    assert parse_qs(parts.query) == {"secret": ["A" * 32], "issuer": ["Headgate shop"]}
