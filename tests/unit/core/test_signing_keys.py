from __future__ import annotations

import pickle
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.evidence import EvidenceFault, ProofError
from headgate.core.signing_keys import PrivateKey, PublicKey, check_key_valid, parse_private_key, parse_public_key

# The key pair of the tests of Go's sumdb/note, and its two mangled forms with an adjusted hash.
GO_PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_LONG = "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY=="
GO_OTHER_TYPE = "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"

# RFC 8032, section 7.1, test 2.
RFC_SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
RFC_PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
RFC_SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)

ERA_START = datetime(2026, 1, 1, tzinfo=UTC)
ERA_END = datetime(2026, 7, 1, tzinfo=UTC)


def test_keys_of_go_are_read_and_written_the_same() -> None:
    private, public = parse_private_key(GO_PRIVATE), parse_public_key(GO_PUBLIC)
    assert private.public() == public
    assert private.to_text() == GO_PRIVATE
    assert public.to_text() == GO_PUBLIC
    assert public.label == "PeterNeumann+c74f20a3"
    assert public.verifies(b"message", private.sign(b"message"))


def test_signature_of_rfc_8032() -> None:
    key = PrivateKey(name="rfc", seed=RFC_SEED)
    assert key.public().raw == RFC_PUBLIC
    assert key.sign(b"\x72") == RFC_SIGNATURE
    assert key.public().verifies(b"\x72", RFC_SIGNATURE)


@pytest.mark.parametrize("text", [GO_PUBLIC, GO_PRIVATE])
def test_no_part_and_no_change_of_a_key_is_a_key(text: str) -> None:
    parse = parse_private_key if text == GO_PRIVATE else parse_public_key
    mangled = [text[low:high] for low in range(len(text)) for high in range(low, len(text) + 1)]
    mangled.remove(text)
    mangled += [text[:place] + chr(ord(char) + 1) + text[place + 1 :] for place, char in enumerate(text)]
    for one in mangled:
        with pytest.raises(ProofError) as caught:
            parse(one)
        assert caught.value.fault is EvidenceFault.KEY_MALFORMED


@pytest.mark.parametrize("text", [GO_LONG, GO_OTHER_TYPE, GO_PUBLIC + "\n", GO_PUBLIC.replace("c74f", "C74F"), "+", ""])
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(ProofError):
        parse_public_key(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\n", "a\x01", "\ud800"])
def test_names_that_a_note_cannot_carry_are_refused(name: str) -> None:
    with pytest.raises(ProofError, match="is no key name"):
        PrivateKey(name=name, seed=RFC_SEED)


def test_the_seed_is_never_shown() -> None:
    key = PrivateKey(name="log.example/a", seed=RFC_SEED)
    assert repr(key) == "PrivateKey(name='log.example/a')"
    broken = GO_PRIVATE.replace("c74f20a3", "00000000")
    with pytest.raises(ProofError) as caught:
        parse_private_key(broken)
    assert "AYEKFALV" not in str(caught.value)
    with pytest.raises(ProofError) as caught:
        parse_private_key(GO_PRIVATE + "x")
    assert "AYEKFALV" not in str(caught.value)


@given(st.binary(min_size=0, max_size=64).filter(lambda raw: len(raw) != 32))
def test_keys_have_32_bytes(raw: bytes) -> None:
    with pytest.raises(ProofError, match=f"has 32 bytes, this one {len(raw)}"):
        PublicKey(name="log.example/a", raw=raw)


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=50), st.integers(0, 511))
def test_only_the_signature_itself_verifies(seed: bytes, message: bytes, bit: int) -> None:
    key = PrivateKey(name="log.example/a", seed=seed)
    signature = bytearray(key.sign(message))
    assert key.public().verifies(message, bytes(signature))
    signature[bit // 8] ^= 1 << (bit % 8)
    assert not key.public().verifies(message, bytes(signature))
    assert not key.public().verifies(message, b"short")


@pytest.mark.parametrize(
    ("event", "now", "message"),
    [
        (datetime(2026, 3, 1, tzinfo=UTC), None, None),
        (datetime(2025, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC), None),
        (ERA_END, None, "ended at 2026-07-01T00:00:00.*, before the event at 2026-07-01"),
        (None, None, "nothing tells when the receipt was made"),
        (datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 4, 1, tzinfo=UTC), "begins at 2026-01-01"),
    ],
)
def test_a_key_serves_in_its_time_only(event: datetime | None, now: datetime | None, message: str | None) -> None:
    key = PublicKey(name="log.example/a", raw=RFC_PUBLIC, valid_from=ERA_START, valid_until=ERA_END)
    if message is None:
        check_key_valid(key, statement_at=event, now=now, what="the receipt")
        return
    with pytest.raises(ProofError, match=message) as caught:
        check_key_valid(key, statement_at=event, now=now, what="the receipt")
    assert caught.value.fault is EvidenceFault.KEY_NOT_VALID


def test_times_without_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="a time without time zone"):
        PublicKey(name="log.example/a", raw=RFC_PUBLIC, valid_until=ERA_END.replace(tzinfo=None))


def test_the_error_survives_the_way_between_processes() -> None:
    error = ProofError(EvidenceFault.KEY_MALFORMED, "what does not fit")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 our own bytes
    assert (copy.fault, str(copy)) == (error.fault, str(error))
