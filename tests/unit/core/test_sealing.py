"""What is sealed opens for who has the secret, in its place, and for nobody else."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.errors import ConfigurationError
from headgate.core.sealing import seal, unseal


@given(st.binary(max_size=200), st.text(max_size=20), st.text(max_size=20))
def test_it_opens_with_the_same_secret_and_context(plain: bytes, secret: str, context: str) -> None:
    sealed = seal(secret, plain, context=context, random=os.urandom)
    assert unseal(secret, sealed, context=context) == plain
    for other, where in ((secret + "x", context), (secret, context + "x")):
        with pytest.raises(ConfigurationError):
            unseal(other, sealed, context=where)


@given(st.data())
def test_a_changed_byte_is_seen(data: st.DataObject) -> None:
    sealed = bytearray(seal("secret", b"twenty bytes of it..", context="a-1", random=os.urandom))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ConfigurationError):
        unseal("secret", bytes(sealed), context="a-1")


@pytest.mark.parametrize("length", [0, 5, 12, 27])
def test_what_was_cut_off_does_not_open(length: int) -> None:
    with pytest.raises(ConfigurationError):
        unseal("secret", bytes(length), context="")


def test_the_same_twice_looks_different() -> None:
    assert len({seal("secret", b"same", context="", random=os.urandom) for _ in range(20)}) == 20
