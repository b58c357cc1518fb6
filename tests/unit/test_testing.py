"""Faults strike where they were asked for, and only there."""

from __future__ import annotations

import pytest

from headgate.core.errors import NotFoundError, TransientError
from headgate.core.ports import Files
from headgate.testing import Fault, MemoryFiles, faulty


def test_fails_at_the_call_and_not_at_others() -> None:
    inner = MemoryFiles()
    files = faulty(inner, Fault(method="put", call=2))
    assert isinstance(files, Files)
    assert files.put("a", [b"1"])
    with pytest.raises(TransientError, match=r"call 2 of put.*nothing was done"):
        files.put("b", [b"2"])
    assert files.size("b") is None
    assert files.put("b", [b"2"])
    assert list(inner.list()) == ["a", "b"]


def test_fails_after_the_call_was_done() -> None:
    inner = MemoryFiles()
    files = faulty(inner, Fault(method="put", after=True), Fault(method="size", call=1))
    with pytest.raises(TransientError, match="it was done"):
        files.put("a", [b"1"])
    with pytest.raises(TransientError):
        files.size("a")
    assert files.size("a") == 1
    assert not files.put("a", [b"1"])


def test_a_method_that_is_not_there_is_told() -> None:
    with pytest.raises(NotFoundError, match="'write'; it has adopt, delete"):
        faulty(MemoryFiles(), Fault(method="write"))
