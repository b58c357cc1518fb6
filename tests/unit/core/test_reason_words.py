from __future__ import annotations

from headgate.core.contract import Rule, RuleKind, Scope
from headgate.core.reason_words import WORDS, in_words
from headgate.core.reasons import Consequence, ReasonCode

RULE = Rule(
    id="amount_within_limit",
    kind=RuleKind.PREDICATE,
    scope=Scope.ROW,
    code="over_limit",
    consequence=Consequence.HOLD,
    reads=("total",),
    description="The total is not over $amount_limit.",
)


def test_every_code_has_words() -> None:
    assert {code.value for code in ReasonCode} - set(WORDS) == set()


def test_a_rule_speaks_for_itself_with_the_value_in_force() -> None:
    assert in_words("over_limit", RULE, {"amount_limit": "2500.00"}) == "The total is not over 2500.00."


def test_an_unknown_parameter_stays_as_it_is_written() -> None:
    assert in_words("over_limit", RULE, {}) == "The total is not over $amount_limit."


def test_a_code_that_is_not_the_rules_own_speaks_for_itself() -> None:
    assert in_words("cannot_evaluate", RULE, {}) == WORDS[ReasonCode.CANNOT_EVALUATE]


def test_a_code_of_a_contract_without_words_has_none() -> None:
    assert in_words("over_limit", None, {}) == ""
