from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.base64_text import encode_base64
from headgate.core.evidence import EvidenceFault, ProofError
from headgate.core.notes import MAX_SIGNATURES, SignedNote, cosign, parse_note, sign_note, verify_note
from headgate.core.signing_keys import PrivateKey, parse_public_key

# The example of Go's sumdb/note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

LOG = PrivateKey(name="log.example/orders", seed=bytes(range(32)))
WITNESS = PrivateKey(name="witness.example/one", seed=bytes(range(1, 33)))
TEXT = "first line\n\nsecond — line\n"
NOTE = sign_note(TEXT, [LOG]).to_text()
NOTE_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="".join(map(chr, range(32))))).map(
    lambda text: text + "\n"
)


def test_note_of_go_verifies() -> None:
    note, key = parse_note(GO_NOTE), parse_public_key(GO_KEY)
    assert verify_note(note, [key]) == (key,)
    assert note.to_text() == GO_NOTE
    with pytest.raises(ProofError, match="was changed after it was signed"):
        verify_note(parse_note(GO_NOTE.replace("answer", "Answer")), [key])


@given(st.lists(NOTE_TEXTS, min_size=1, max_size=4).map("".join))
def test_what_is_signed_is_read_again_and_verifies(text: str) -> None:
    note = sign_note(text, [LOG, WITNESS])
    assert parse_note(note.to_text()) == note
    assert verify_note(note, [WITNESS.public(), LOG.public()]) == (LOG.public(), WITNESS.public())


@given(st.integers(0, len(TEXT.encode()) - 1), st.integers(0, 7))
def test_any_changed_bit_of_the_text_is_seen(place: int, bit: int) -> None:
    changed = bytearray(NOTE.encode())
    changed[place] ^= 1 << bit
    try:
        note = changed.decode()
    except UnicodeDecodeError:
        return
    with pytest.raises(ProofError):
        verify_note(parse_note(note), [LOG.public()])


def test_unknown_signatures_are_passed_through_and_ignored() -> None:
    # A timestamped witness cosignature has another type and length; we carry it without reading it.
    foreign = "— witness.example/w1 " + encode_base64(b"\x8d\x66\xcf\x3f" + bytes(72)) + "\n"
    note = cosign(parse_note(NOTE + foreign), WITNESS)
    assert note.to_text().startswith(NOTE + foreign)
    assert verify_note(note, [LOG.public()]) == (LOG.public(),)
    assert verify_note(note, [LOG.public(), WITNESS.public()]) == (LOG.public(), WITNESS.public())
    assert verify_note(note, [WITNESS.public()]) == (WITNESS.public(),)


def test_signing_again_replaces_the_signature_of_the_same_key() -> None:
    note = cosign(parse_note(NOTE), WITNESS)
    assert cosign(note, WITNESS) == note


def test_no_known_key_proves_nothing() -> None:
    with pytest.raises(ProofError, match=r"No known key signed the note; it names log\.example/orders\+") as caught:
        verify_note(parse_note(NOTE), [WITNESS.public()])
    assert caught.value.fault is EvidenceFault.KEY_UNKNOWN


def test_the_same_name_with_another_key_is_another_key() -> None:
    impostor = PrivateKey(name=LOG.name, seed=bytes(32))
    with pytest.raises(ProofError) as caught:
        verify_note(sign_note(TEXT, [impostor]), [LOG.public()])
    assert caught.value.fault is EvidenceFault.KEY_UNKNOWN


def test_one_wrong_signature_of_a_known_key_spoils_the_note() -> None:
    good = sign_note(TEXT, [LOG, WITNESS])
    other = sign_note("another text\n", [WITNESS])
    mixed = SignedNote(text=TEXT, signatures=(good.signatures[0], other.signatures[0]))
    with pytest.raises(ProofError, match=r"The signature of witness\.example/one\+.* does not fit") as caught:
        verify_note(mixed, [LOG.public(), WITNESS.public()])
    assert caught.value.fault is EvidenceFault.SIGNATURE_WRONG
    assert verify_note(mixed, [LOG.public()]) == (LOG.public(),)


@pytest.mark.parametrize(
    ("note", "message"),
    [
        ("", "expected a text, an empty line"),
        (TEXT, "stands where a signature line should"),
        (NOTE[:-1], "each ending in a newline"),
        (NOTE + "\n", "expected a text"),
        (NOTE + "more\n", "stands where a signature line should"),
        (NOTE.replace("—", "-"), "stands where a signature line should"),
        (NOTE.replace("— log", "—  log"), "is no key name"),
        (NOTE.replace("\n— ", " \n— "), "stands where a signature line should"),
        (NOTE[:-1] + " \n", "is not base64"),
        (NOTE.replace("first", "fi\trst"), r"character 2 is '\\t'"),
        (NOTE.replace("\n", "\r\n"), "control characters"),
        (NOTE.replace("first", "\ud800"), "valid Unicode"),
        (TEXT + "\n— log.example/orders AAAA\n", "too few for a key id"),
        (TEXT + "\n— log.example/orders AAAAAAB=\n", "not canonical"),
        (TEXT + "\n— log.example/orders AAAAAAA\n", "is not base64"),
        (TEXT + "\n— log.example/orders \u00fc\n", "is not base64"),
        (TEXT + "\n— log.example/orders\n", "too few"),
        (NOTE + "— w.example AAAAAAA=\n" * MAX_SIGNATURES, "101 signatures, more than 100"),
    ],
)
def test_only_the_exact_format_is_read(note: str, message: str) -> None:
    with pytest.raises(ProofError, match=message):
        parse_note(note)


@pytest.mark.parametrize("text", ["", "no newline", "control\x00\n"])
def test_a_text_that_no_note_can_hold_is_not_signed(text: str) -> None:
    with pytest.raises(ProofError) as caught:
        sign_note(text, [LOG])
    assert caught.value.fault is EvidenceFault.NOTE_MALFORMED


def test_a_note_without_signer_is_not_made() -> None:
    with pytest.raises(ProofError, match="at least one key"):
        sign_note(TEXT, [])
