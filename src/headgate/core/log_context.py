"""What every line of the log of a running process says beside its own words: run, flow, delivery, trace.

Not the ledger's log: these lines go to standard error, for those who run Headgate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

TRACEPARENT = "TRACEPARENT"  # the environment's name for it, which other tools read and write too

_NOTHING: Mapping[str, str] = MappingProxyType({})
_fields: ContextVar[Mapping[str, str]] = ContextVar("headgate_log", default=_NOTHING)
_traceparent: ContextVar[str] = ContextVar("headgate_traceparent", default="")


def context() -> Mapping[str, str]:
    """What surrounds the caller."""
    return _fields.get()


@contextmanager
def told_with(**fields: str) -> Iterator[None]:
    """Lines written in the block say this too; what is empty is left out."""
    token = _fields.set({**_fields.get(), **{name: value for name, value in fields.items() if value}})
    try:
        yield
    finally:
        _fields.reset(token)


@contextmanager
def carried(traceparent: str) -> Iterator[None]:
    """Processes that are started in the block go on with this trace; an empty one changes nothing."""
    token = _traceparent.set(traceparent or _traceparent.get())
    try:
        yield
    finally:
        _traceparent.reset(token)


def carried_on() -> Mapping[str, str]:
    """What a process that is started here finds in its environment, beside what is there."""
    return {TRACEPARENT: _traceparent.get()} if _traceparent.get() else {}
