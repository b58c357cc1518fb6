from __future__ import annotations

import pickle

import pytest

from headgate.core.errors import UploadRefusedError
from headgate.uploads.checksums import ALGORITHMS, parse_checksum
from headgate.uploads.refusals import Refusal

RIGHT = {
    "sha1": "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",  # the protocol's own example
    "md5": "md5 XrY7u+Ae7tCTyyK7j1rNww==",
    "sha256": "sha256 uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=",
}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_bytes_are_compared(algorithm: str) -> None:
    right = parse_checksum(RIGHT[algorithm])
    for piece in (b"hello", bytearray(b" world")):
        right.update(piece)
    right.check()
    wrong = parse_checksum(RIGHT[algorithm])
    wrong.update(b"hello_world")
    with pytest.raises(UploadRefusedError) as refused:
        wrong.check()
    assert refused.value.code == Refusal.CHECKSUM


@pytest.mark.parametrize("header", ["", "sha1", "sha1 ", "SHA1 YQ==", "crc32 YQ==", "sha1 YQ==", "sha1 ä", "md5  YQ=="])
def test_a_header_that_is_none_is_refused(header: str) -> None:
    with pytest.raises(UploadRefusedError) as refused:
        parse_checksum(header)
    assert refused.value.code == Refusal.CHECKSUM_HEADER


def test_a_refusal_travels_between_processes() -> None:
    error = UploadRefusedError(Refusal.NAME, "What.", "Next.")
    same = pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes
    assert (same.code, same.message, same.next_step, str(same)) == (Refusal.NAME, "What.", "Next.", "What. Next.")
