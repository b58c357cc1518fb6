from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.base64_text import encode_base64
from headgate.core.checkpoints import Checkpoint, open_checkpoint, parse_checkpoint, sign_checkpoint
from headgate.core.evidence import EvidenceFault, ProofError
from headgate.core.notes import cosign, parse_note, sign_note
from headgate.core.signing_keys import PrivateKey
from headgate.core.tree_hash import EMPTY_ROOT

LOG = PrivateKey(name="log.example/orders", seed=bytes(range(32)))
WITNESS = PrivateKey(name="witness.example/one", seed=bytes(range(1, 33)))
HEAD = Checkpoint(origin=LOG.name, size=7, root=EMPTY_ROOT)
ROOT = encode_base64(EMPTY_ROOT)


def test_text_is_origin_size_and_root() -> None:
    assert HEAD.to_text() == "log.example/orders\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"


def test_example_of_the_specification_is_read() -> None:
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    checkpoint = parse_checkpoint(text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.to_text() == text


@given(st.integers(0, 10**18 - 1), st.binary(min_size=32, max_size=32), st.lists(st.just("extra line"), max_size=2))
def test_what_is_signed_opens_again(size: int, root: bytes, extensions: list[str]) -> None:
    checkpoint = Checkpoint(origin=LOG.name, size=size, root=root, extensions=tuple(extensions))
    opened = open_checkpoint(sign_checkpoint(checkpoint, LOG).to_text(), [LOG.public()], origin=LOG.name)
    assert opened.checkpoint == checkpoint
    assert opened.log_key == LOG.public()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "at least three lines"),
        ("log\n7\n", "at least three lines"),
        (f"log\n7\n{ROOT}", "at least three lines"),
        (f"\n7\n{ROOT}\n", "none empty"),
        (f"log\n7\n{ROOT}\n\n", "none empty"),
        (f"log\n07\n{ROOT}\n", "the size '07'"),
        (f"log\n+7\n{ROOT}\n", "the size"),
        (f"log\n-7\n{ROOT}\n", "the size"),
        (f"log\n7 \n{ROOT}\n", "the size"),
        (f"log\n\u0667\n{ROOT}\n", "the size"),
        (f"log\n{'9' * 19}\n{ROOT}\n", "at most 18 digits"),
        (f"log\n7\n{ROOT[:-1]}\n", "not base64"),
        (f"log\n7\n{ROOT[:-2]}V=\n", "not canonical"),
        (f"log\n7\n{ROOT} \n", "not base64"),
        ("log\n7\nAAAA\n", "3 bytes instead of 32"),
    ],
)
def test_only_the_exact_format_is_read(text: str, message: str) -> None:
    with pytest.raises(ProofError, match=message) as caught:
        parse_checkpoint(text)
    assert caught.value.fault is EvidenceFault.CHECKPOINT_MALFORMED


def test_a_log_signs_with_the_key_of_its_name_only() -> None:
    with pytest.raises(ProofError, match="a log's key bears the log's name"):
        sign_checkpoint(HEAD, WITNESS)


def test_fields_with_line_breaks_are_not_signed() -> None:
    with pytest.raises(ProofError, match="contain line breaks"):
        sign_checkpoint(Checkpoint(origin=LOG.name, size=1, root=EMPTY_ROOT, extensions=("a\nb",)), LOG)


def test_a_witness_beside_the_log_is_told() -> None:
    note = cosign(sign_checkpoint(HEAD, LOG), WITNESS).to_text()
    assert open_checkpoint(note, [WITNESS.public(), LOG.public()]).signers == (LOG.public(), WITNESS.public())
    assert open_checkpoint(note, [LOG.public()]).signers == (LOG.public(),)


def test_a_witness_alone_does_not_speak_for_the_log() -> None:
    note = sign_note(HEAD.to_text(), [WITNESS]).to_text()
    with pytest.raises(ProofError, match="by no known key of the log itself") as caught:
        open_checkpoint(note, [WITNESS.public(), LOG.public()])
    assert caught.value.fault is EvidenceFault.KEY_UNKNOWN


def test_the_checkpoint_of_another_log_is_refused() -> None:
    with pytest.raises(ProofError, match=r"is of the log 'log\.example/orders', not of 'log\.example/other'") as caught:
        open_checkpoint(sign_checkpoint(HEAD, LOG).to_text(), [LOG.public()], origin="log.example/other")
    assert caught.value.fault is EvidenceFault.ORIGIN_WRONG


def test_a_signed_note_that_is_no_checkpoint_is_refused() -> None:
    note = sign_note("headgate-receipt-v1\n{}\n", [LOG]).to_text()
    assert parse_note(note).signatures
    with pytest.raises(ProofError, match="This is no checkpoint"):
        open_checkpoint(note, [LOG.public()])
