"""What a case's page shows: its faults and record, who may decide, what was said and decided before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from headgate.core.accounts import Account
from headgate.core.addressees import Why
from headgate.core.cases import UNDER_WAY, Act, Case, CaseKind, CaseState, Comment, Decision, DecisionState
from headgate.core.decision_document import DecisionDocument
from headgate.core.flow import Flow
from headgate.core.reason_words import in_words
from headgate.core.records import Delivery
from headgate.core.roles import Permission, may
from headgate.core.voting import refusal
from headgate.deciding.desk import Desk, delivered_of, document_of, flow_of, origin_of, under_way
from headgate.deciding.mentions import MENTION, mentions_in, unseen_words
from headgate.deciding.senders import Sender, sender_of
from headgate.serve.delivery_words import shares_in_words
from headgate.serve.record_form import told
from headgate.serve.waiting_rows import columns_not_known, waiting_page
from headgate.web.access import Visitor
from headgate.web.case_words import Change, Words, drift_of, title, words_of
from headgate.web.change_view import RuleChange, read_change
from headgate.web.row_view import Diff, Row, Subject, read_diffs, read_row
from headgate.web.waiting import account_names
from headgate.web.wording import written


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who decides in the flow, and why not on this."""

    name: str
    why_not: str


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """A comment."""

    said: Comment
    parts: tuple[tuple[str, bool], ...]  # of its text: is it a mention
    unseen: str  # for who wrote it: whom it names that will not see it


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
    """The whole page."""

    case: Case
    title: str
    origin: Delivery | None  # None: a change of rules
    flow: Flow
    row: Row | None
    drift: tuple[Change, ...]
    change: RuleChange | None
    held: tuple[tuple[str, str, str], ...]  # code, in words, what was found: of a whole delivery
    decision: Decision | None  # under way
    document: DecisionDocument | None
    diffs: tuple[Diff, ...]
    past: tuple[Decision, ...]
    vote_fault: str  # why the visitor has no vote on it; empty where one would count
    may_decide: bool
    may_unmask: bool
    people: tuple[Person, ...]  # who decides in the flow
    comments: tuple[Remark, ...]
    sender: Sender | None
    put: bool  # to the sender, whose answer is waited for
    names: Mapping[str, str]
    receipts: int  # number of the newest receipt of the delivery; 0 for none
    rules: int

    @property
    def last(self) -> Decision | None:
        """The newest decision, whatever became of it."""
        return self.decision or (self.past[-1] if self.past else None)


def read_case(desk: Desk, who: Visitor, case: Case, *, row: int | None = None, unmasked: bool = False) -> CaseView:
    """All that the page of a case shows; the first row where none is asked for, NotFoundError for one that is gone."""
    flow, origin = flow_of(desk, case), delivered_of(desk, case)
    words = words_of(desk.platform, flow)
    decisions = desk.cases.decisions([case.id])
    decision = next((one for one in decisions if one.state in UNDER_WAY), None)
    document = document_of(desk, decision) if decision is not None else None
    comments = desk.cases.comments(case.id)
    accounts = desk.people.accounts.accounts()  # once, however many a comment names
    deciders = [one for one in accounts if one.disabled_at is None and may(one.grants, Permission.DECIDE, flow.name)]
    ids = [case.assigned, *(one.account for one in comments), *(one.proposed_by for one in decisions)]
    voters = [vote.account for one in decisions for vote in one.votes]
    subject = None
    if origin is not None:
        subject = Subject(desk=desk, case=case, flow=flow, origin=origin, words=words, document=document)
    issued = desk.platform.ledger.receipts((origin.id,)) if origin is not None else []
    return CaseView(
        case=case,
        title=title(case),
        origin=origin,
        flow=flow,
        row=_shown_row(subject, row, unmasked=unmasked) if subject is not None else None,
        drift=_drift(subject) if subject is not None else (),
        change=read_change(desk, case, flow),
        held=tuple(_held(words, origin)) if origin is not None and case.kind is not CaseKind.ROWS else (),
        decision=decision,
        document=document,
        diffs=read_diffs(subject, unmasked=unmasked) if subject is not None else (),
        past=tuple(one for one in decisions if one is not decision),
        vote_fault=_vote_fault(who.account, case, decision, origin),
        may_decide=who.may(Permission.DECIDE, case.flow),
        may_unmask=who.may(Permission.UNMASK, case.flow),
        people=tuple(_people(deciders, case, decision, origin)),
        comments=tuple(_remark(one, accounts, who, flow.name) for one in comments),
        sender=None if origin is None else sender_of(desk, origin),
        put=bool(desk.cases.addressed(case=case.id, why=Why.ASKED, most=1)),
        names=account_names(desk, [*ids, *voters]),
        receipts=max((one.number for one in issued), default=0),
        rules=len(flow.contract.rules),
    )


def subject_of(desk: Desk, case: Case) -> Subject:
    """What acts on a single row of a case need."""
    flow = flow_of(desk, case)
    before = under_way(desk, case)
    return Subject(
        desk=desk,
        case=case,
        flow=flow,
        origin=origin_of(desk, case),
        words=words_of(desk.platform, flow),
        document=document_of(desk, before) if before is not None else None,
    )


def _shown_row(subject: Subject, row: int | None, *, unmasked: bool) -> Row | None:
    """The row that is asked for, else the first; None where no single row waits."""
    case = subject.case
    if case.kind is not CaseKind.ROWS or case.state is not CaseState.OPEN:
        return None
    if row is None:
        first = waiting_page(subject.desk.platform, [case], most=1)
        if not first:
            return None
        row = first[0].held.row
    return read_row(subject, row, unmasked=unmasked)


def _drift(subject: Subject) -> tuple[Change, ...]:
    if subject.case.kind is not CaseKind.DRIFT:
        return ()
    unknown = columns_not_known(subject.desk.platform, subject.case)
    return tuple(drift_of(subject.origin, subject.flow.contract, unknown))


def _held(words: Words, origin: Delivery) -> list[tuple[str, str, str]]:
    held: Mapping[str, str] = origin.facts.get("held", {})
    rules = {rule.code: rule for rule in words.contract.rules}
    return [
        (
            code,
            in_words(code, rules.get(code), words.parameters) or code,
            shares_in_words(told("" if found == "*" else found)),
        )
        for code, found in held.items()
    ]


def _people(
    deciders: Sequence[Account], case: Case, decision: Decision | None, origin: Delivery | None
) -> list[Person]:
    return [
        Person(name=one.name, why_not=_vote_fault(one, case, decision, origin))
        for one in deciders
        if decision is None or one.id not in {vote.account for vote in decision.agreed}
    ]


def _vote_fault(account: Account, case: Case, decision: Decision | None, origin: Delivery | None) -> str:
    """Why the account has no vote on what is under way, or could not decide at all: who delivered does not."""
    if decision is None:
        return refusal(account, _nobody(case), origin, flow=case.flow)
    if account.id in {vote.account for vote in decision.agreed}:
        return f"{account.name} agreed already."
    return refusal(account, decision, origin, flow=case.flow)


def _nobody(case: Case) -> Decision:
    """A decision that nobody wrote."""
    return Decision(
        case=case.id,
        number=0,
        act=Act.RELEASE,
        digest="",
        rows=0,
        reason="",
        proposed_by="",
        editors=(),
        needed=1,
        state=DecisionState.PROPOSED,
        proposed_at=case.opened_at,
        expires_at=case.opened_at,
    )


def _remark(one: Comment, accounts: Sequence[Account], who: Visitor, flow: str) -> Remark:
    """A comment in parts, marking the names that are known; who else it names is told to its writer."""
    named = mentions_in(one.text, accounts, flow=flow)
    known = {account.name for account in named.accounts}
    return Remark(
        said=one,
        parts=tuple(
            (written(part), place % 2 == 1 and part[1:] in known)
            for place, part in enumerate(MENTION.split(one.text))
            if part
        ),
        unseen=unseen_words(named.unseen, flow) if one.account == who.account.id else "",
    )
