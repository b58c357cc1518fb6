"""The reasons of a delivery's rows, each with a sample, masked for whoever may not see it or has not asked to."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import msgspec

from headgate.core.accounts import Account
from headgate.core.errors import NotFoundError
from headgate.core.reason_words import in_words
from headgate.core.records import Delivery, Event, ReasonCount
from headgate.serve.delivery_story import Story
from headgate.serve.personal import plain_paths
from headgate.web.site import Site

_MARKS = {"held": ("held", "H"), "rejected": ("rejected", "R"), "duplicate": ("duplicate", "D")}


class ReasonLine(msgspec.Struct, frozen=True, kw_only=True):
    """A reason with a sample, as far as the visitor may see it."""

    mark: str
    letter: str
    word: str
    words: str
    code: str
    column: str
    rule: str
    rows: int
    row: int = 0
    found: str | None = None
    masked: bool = False
    unmasked: bool = False  # the visitor asked to see it, which is recorded


def reason_lines(site: Site, one: Delivery, story: Story, seen: Collection[str] = ()) -> Iterator[ReasonLine]:
    """The reasons in the words of the contract, each with the first sample that carries it.

    Personal values are masked but in the columns of `seen`, for which the caller has recorded who looks.
    """
    flow = site.platform.flows.get(one.flow or "")
    rules = {} if flow is None else {rule.id: rule for rule in flow.contract.rules}
    values = dict(_values(site, one))
    plain = frozenset[str]() if flow is None else plain_paths(flow.contract)
    for reason in one.reasons:
        mark, letter = _MARKS.get(reason.verdict, ("warn", "W"))
        row, value = _sample(story, reason)
        personal = value is not None and not plain.issuperset(reason.column.split(", "))
        masked = personal and reason.column not in seen
        yield ReasonLine(
            mark=mark,
            letter=letter,
            word=mark if mark != "warn" else "warning",
            words=in_words(reason.code, rules.get(reason.rule), values) or reason.code,
            code=reason.code,
            column=reason.column,
            rule=reason.rule,
            rows=reason.rows,
            row=row,
            found=None if masked else value,
            masked=masked,
            unmasked=personal and not masked,
        )


def record_look(site: Site, account: Account, one: Delivery, column: str) -> None:
    """Write the event `personal_seen`; NotFoundError where the delivery has no reason of that column.

    It names columns of the contract only: what else a sender calls a column may be anything of a person.
    """
    if all(reason.column != column for reason in one.reasons):
        raise NotFoundError(f"Delivery {one.id} has no reason of this column. Next: open its page again.")
    flow = site.platform.flows.get(one.flow or "")
    known = frozenset[str]() if flow is None else {each.path for each in flow.contract.walk()}
    columns = [path if path in known else "not in the contract" for path in column.split(", ")]
    fields = {"account": account.id, "columns": columns}
    site.people.accounts.tell(Event(type="personal_seen", delivery=one.id, fields=fields), at=site.people.clock())


def _values(site: Site, one: Delivery) -> Iterator[tuple[str, str]]:
    """The parameters that stood for a delivery, by name."""
    for version in site.platform.ledger.parameters(one.flow or ""):
        if one.parameters.get(version.name) == version.number:
            yield version.name, version.value


def _sample(story: Story, reason: ReasonCount) -> tuple[int, str | None]:
    """Row and value of the first sample with this reason; row 0 for none."""
    for sample in story.samples:
        for found in sample.reasons:
            if found["code"] == reason.code and found["column"] == reason.column and found["rule"] == reason.rule:
                return sample.row, found["value"]
    return 0, None
