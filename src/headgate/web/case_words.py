"""Reasons of cases as pages tell them: found, expected, and what is masked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from headgate.core.cases import Case, CaseGroup, CaseKind
from headgate.core.contract import Contract, Kind, Rule
from headgate.core.flow import Flow
from headgate.core.platform import Platform
from headgate.core.reason_words import WORDS, in_words
from headgate.core.records import Delivery
from headgate.serve.record_form import MASK, is_personal, told
from headgate.serve.rule_words import expected, expected_code, formula

_MARKS = {"hold": ("held", "H", "held"), "reject": ("rejected", "R", "rejected"), "warn": ("warn", "W", "warning")}
_MOST_COLUMNS = 4  # of the record beside what was found
_NESTED = frozenset({Kind.OBJECT, Kind.ARRAY})


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What puts a flow's reasons into words."""

    contract: Contract
    rules: Mapping[str, Rule]
    parameters: Mapping[str, str]  # newest values by name


class ReasonLine(msgspec.Struct, frozen=True, kw_only=True):
    """A reason that stands on a row."""

    mark: str
    letter: str
    word: str
    words: str
    code: str
    rule: str
    column: str
    found: str
    masked: bool
    expected: str
    formula: str


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A column that is another than the contract says."""

    what: str
    before: str = ""  # as the contract has it
    after: str = ""  # as it came


def words_of(platform: Platform, flow: Flow) -> Words:
    """The words of a flow, with its parameters as they stand."""
    versions = sorted(platform.ledger.parameters(flow.name), key=lambda one: one.number)
    return Words(
        contract=flow.contract,
        rules={rule.id: rule for rule in flow.contract.rules},
        parameters={one.name: one.value for one in versions},
    )


def title(one: Case | CaseGroup) -> str:
    """A case in a sentence."""
    if one.kind is CaseKind.CHANGE:
        return "A change of the rules is proposed"
    if one.kind is not CaseKind.ROWS:
        return in_words(one.code, None, {}) or one.code
    if one.code in WORDS:
        return WORDS[one.code]
    return one.code.replace("_", " ").capitalize()  # the contract's own: what its rule expects is said beside it


def reason_line(words: Words, reason: Mapping[str, Any], *, unmasked: bool) -> ReasonLine:
    """A reason in words, its value masked where it may be personal."""
    rule = words.rules.get(reason["rule"])
    mark, letter, word = _MARKS.get(reason["consequence"], _MARKS["warn"])
    masked = not unmasked and reason["value"] is not None and is_personal(words.contract, reason["column"])
    return ReasonLine(
        mark=mark,
        letter=letter,
        word=word,
        words=in_words(reason["code"], rule, words.parameters) or reason["code"],
        code=reason["code"],
        rule=reason["rule"],
        column=told(reason["column"]),
        found=MASK if masked else told(reason["value"]),
        masked=masked,
        expected=expected(rule, words.contract, words.parameters) or expected_code(reason["code"]),
        formula=formula(rule),
    )


def leading(case: Case, reasons: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The reason by which a row is in its case."""
    fitting = (one for one in reasons if one["rule"] == case.rule and one["code"] == case.code)
    return next(fitting, reasons[0])


def read_columns(words: Words, rule_id: str) -> tuple[str, ...]:
    """Single values that a rule reads beside the column it shows: what stands beside it in a table."""
    rule = words.rules.get(rule_id)
    if rule is None:
        return ()
    kinds = {column.path: column for column in words.contract.walk()}
    fitting = [
        path
        for path in rule.reads
        if path in kinds and "[]" not in path and kinds[path].kind not in _NESTED and path != rule.column
    ]
    return tuple(path for path in fitting if not is_personal(words.contract, path))[:_MOST_COLUMNS]


def drift_of(one: Delivery, contract: Contract, unknown: Sequence[tuple[str, int]]) -> list[Change]:
    """The columns of a delivery that are not those of the contract, old and new; `unknown` with their rows."""
    held: Mapping[str, str] = one.facts.get("held", {})
    kinds = {column.path: column.kind.value for column in contract.walk()}

    def named(code: str) -> list[str]:
        return [name for name in held.get(code, "").split(", ") if name]

    missing = [Change(what="is in no record", before=name) for name in named("missing_column")]
    new = [Change(what=f"is new, in {rows:,} records", after=told(name)) for name, rows in unknown]
    retyped = [
        Change(what="has another type", before=f"{name}: {kinds.get(name, '')}", after=f"{name}: another type")
        for name in named("retyped_column")
    ]
    return [*missing, *new, *retyped]
