"""All errors that Headgate raises on purpose.

```
HeadgateError
├── UsageError              the call was wrong (exit status 2)
│   ├── ConfigurationError  headgate.toml or a setting
│   ├── ContractError       contract.odcs.yaml: a list of problems
│   ├── FlowError           flow.yaml, tasks, golden cases: a list of problems
│   ├── NotFoundError       no delivery, table, flow, parameter of that name
│   ├── QueryRefusedError   SQL that is not one SELECT over known relations
│   ├── ConflictError       somebody else was first, or what it spoke of has changed
│   └── RefusedVoteError    this account has no vote here
├── DeliveryError           one delivery stops, the others go on (exit status 1)
│   ├── UnreadableError     the bytes are no document of a known format, or break a limit
│   ├── CheckError          a rule could not be evaluated: an error, never a pass
│   │   └── EngineTimeoutError  a statement took longer than it may, and was stopped
│   ├── OutdatedError           what people agreed to is not what stands by now: their decision is void
│   ├── TaskError           a flow's task failed or broke its promise
│   └── BalanceError        counts that do not add up
├── PublishError            a table does not stand where the ledger says
├── TransientError          worth another try: storage or database did not answer
│   └── EngineMemoryError   the engine's memory limit: fewer deliveries at once need less
├── LeaseLostError          another worker took the work over
├── ReceiverRefusedError    a receiver of alerts will not take a notice, however often it is sent
├── UploadRefusedError      a request for an upload that is not followed; nothing counts that was not acknowledged
└── EvidenceError           log, receipt or checkpoint that does not prove what it claims
```
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class HeadgateError(Exception):
    """Something that Headgate tells in words; the message names what, where, the value and the next step."""


class UsageError(HeadgateError):
    """The call was wrong; nothing was done."""


class ConfigurationError(UsageError):
    """A setting is missing or wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)  # no Struct: `headgate --help` reads this file, and no msgspec
class Problem:
    """One thing that is wrong in a document that a person wrote."""

    where: str  # path in the document, such as schema[0].properties[2].quality[0], or file:line
    what: str  # the fault and the value
    fix: str = ""  # the next step

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f" {self.fix}" if self.fix else "")


class DocumentError(UsageError):
    """A document that a person wrote has problems; all of them are told at once."""

    def __init__(self, document: str, problems: Sequence[Problem]) -> None:
        self.document = document
        self.problems = tuple(problems)
        lines = "".join(f"\n  {problem}" for problem in self.problems)
        super().__init__(f"{document} has {len(self.problems)} problem(s):{lines}")

    def __reduce__(self) -> tuple[type[DocumentError], tuple[str, tuple[Problem, ...]]]:
        return type(self), (self.document, self.problems)


class ContractError(DocumentError):
    """The contract cannot be used as it is written."""


class FlowError(DocumentError):
    """The flow cannot be used as it is written."""


class NotFoundError(UsageError):
    """Nothing of that name is known here."""


class QueryRefusedError(UsageError):
    """The SQL is not one SELECT over known relations."""


class ConflictError(UsageError):
    """Somebody else was first, or what the call speaks of has changed since it was shown; nothing was done."""


class RefusedVoteError(UsageError):
    """This account has no vote on this decision; the message says why."""


class DeliveryError(HeadgateError):
    """One delivery cannot go on; the others are not touched."""


class UnreadableError(DeliveryError):
    """The bytes are no document of a known format, or break a limit; `code` is the reason code."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)

    def __reduce__(self) -> tuple[type[UnreadableError], tuple[str, str]]:
        return type(self), (self.code, str(self))


class CheckError(DeliveryError):
    """A rule could not be evaluated. That is an error, never a pass."""


class EngineTimeoutError(CheckError):
    """A statement took longer than the engine gives it, and was stopped; nothing of it counts."""

    def __init__(self, what: str, limit_s: float, next_step: str) -> None:
        self.limit_s = limit_s
        self._given = what, limit_s, next_step
        super().__init__(f"{what} took longer than {limit_s:g} s and was stopped. Next: {next_step}")

    def __reduce__(self) -> tuple[type[EngineTimeoutError], tuple[str, float, str]]:
        return type(self), self._given


class OutdatedError(DeliveryError):
    """What people agreed to is not what stands by now. Nothing of it was published, and their decision is void."""


class TaskError(DeliveryError):
    """A task of the flow failed, or its result breaks what the flow promises."""


class BalanceError(DeliveryError):
    """Received is not accepted + held + rejected + duplicate. Nothing was published; this is a fault of Headgate."""


class PublishError(HeadgateError):
    """A published table does not stand where the ledger says it must."""


class TransientError(HeadgateError):
    """Storage or database did not answer; the same call may go through later."""


class EngineMemoryError(TransientError):
    """The engine's memory limit does not suffice: fewer deliveries at once need less; else raise `memory_limit`."""


class LeaseLostError(HeadgateError):
    """Another worker took this work over while we were away; what we staged is thrown away."""


class ReceiverRefusedError(HeadgateError):
    """A receiver of alerts will not take a notice, however often it is sent; it is laid aside as a dead letter."""


class UploadRefusedError(HeadgateError):
    """A request for an upload is not followed; `code` is for programs, `next_step` for the sender."""

    def __init__(self, code: str, message: str, next_step: str) -> None:
        self.code = code
        self.message = message
        self.next_step = next_step
        super().__init__(f"{message} {next_step}")

    def __reduce__(self) -> tuple[type[UploadRefusedError], tuple[str, str, str]]:
        return type(self), (self.code, self.message, self.next_step)


class EvidenceError(HeadgateError):
    """The log, a receipt or a checkpoint does not prove what it claims."""
