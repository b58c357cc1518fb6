"""What people did in the shown project: decisions on held rows, an upload link, a token, alerts that stand."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from headgate import pipeline
from headgate.adapters.oidc_provider import OidcProvider
from headgate.adapters.sqlite_accounts import SqliteAccounts
from headgate.adapters.sqlite_alerts import SqliteAlerts
from headgate.adapters.sqlite_case_book import SqliteCases
from headgate.adapters.sqlite_queue import SqliteQueue
from headgate.adapters.sqlite_upload_links import SqliteUploadLinks
from headgate.alerts.checking import make_checks
from headgate.alerts.desk import QUEUE
from headgate.alerts.desk import Desk as AlertDesk
from headgate.alerts.looking import look
from headgate.alerts.settings import AlertSettings
from headgate.core.accounts import Account
from headgate.core.cases import Act, Case, CaseFilter, CaseKind, Comment
from headgate.core.identities import ProviderSettings
from headgate.core.platform import Platform
from headgate.core.roles import Grant, Permission, Role
from headgate.deciding.changes import plan_change
from headgate.deciding.desk import Desk
from headgate.deciding.execution import execute_due
from headgate.deciding.plan import ALL, plan
from headgate.deciding.proposal import Edit
from headgate.deciding.replay import replay
from headgate.deciding.replay_choice import Which
from headgate.deciding.replay_proposal import Proposal
from headgate.deciding.votes import propose
from headgate.people import People, add_account, change_grants
from headgate.serve.case_rows import page
from headgate.tokens import make_token
from headgate.upload_links import WantedLink, make_upload_link
from headgate.web.site import Provided

SEED = 7  # of what is random: an address that is the same in every picture
ASKED = "@reviewer-07 the catalogue has 2.55 for all of them. Do you agree?"
CONFIRMED = ("over_limit", "unknown_category", "unknown_currency", "total_mismatch", "out_of_range")
AFTER_UNDO = timedelta(minutes=1)


def shown_secret() -> str:
    """The secret of the one upload link."""
    return random.Random(SEED).randbytes(32).hex()  # noqa: S311  of a picture


def shown_provider(clock: Callable[[], datetime]) -> Provided:
    """A provider on the sign-in page; nobody goes there."""
    settings = ProviderSettings(issuer="https://sign-in.example.org", client_id="headgate", name="Harbour Stores")
    return Provided(provider=OidcProvider(settings, secret=None, clock=clock), settings=settings)


def act_in(platform: Platform, folder: Path, clock: Callable[[], datetime], pass_: Callable[[timedelta], None]) -> None:
    """Let people do all of that."""
    ledger = f"sqlite:///{folder}/ledger.db"
    seeded = random.Random(SEED)  # noqa: S311  of a picture
    people = People(accounts=SqliteAccounts(ledger), clock=clock, random=seeded.randbytes, secrets=platform.secrets)
    cases = SqliteCases(ledger)
    _link(platform, people, ledger)
    _token(people)
    links = SqliteUploadLinks(ledger)
    desk = Desk(platform=platform, cases=cases, people=people, links=links)
    _decide(desk, pass_)
    _look(platform, folder, ledger, clock, cases)
    links.close()
    cases.close()
    people.accounts.close()


def cases_beside(platform: Platform) -> SqliteCases:
    """The cases of the shown project."""
    return SqliteCases(_ledger(platform))


def alerts_beside(platform: Platform) -> SqliteAlerts:
    """Its alerts."""
    return SqliteAlerts(_ledger(platform))


def _ledger(platform: Platform) -> str:
    return f"sqlite:///{Path(platform.stage).parents[1]}/ledger.db"


def _link(platform: Platform, people: People, ledger: str) -> None:
    links = SqliteUploadLinks(ledger)
    wanted = WantedLink(
        flow="retail",
        label="Harbour Stores",
        length=timedelta(days=14),
        most_files=20,
        most_bytes=2 << 30,
        patterns=("online_retail_*.csv",),
    )
    maker = add_account(people, "ops-02", [Grant(role=Role.OPERATOR)], by="command")
    given = iter((bytes.fromhex(shown_secret()), people.random(6)))
    flows = list(platform.flows.values())
    make_upload_link(
        wanted, flows, links, people.accounts, clock=people.clock, random=lambda _: next(given), by=maker.id
    )
    links.close()


def _token(people: People) -> None:
    account = add_account(people, "analyst-07", [Grant(role=Role.ANALYST)], by="command")
    make_token(people, account, "notebook", [Permission.QUERY], by=account.id, length=timedelta(days=30))


def _decide(desk: Desk, pass_: Callable[[timedelta], None]) -> None:
    """Of today's rows some are released, some corrected and to be voted on, some rejected a moment ago.

    One who rejected others was no reviewer any more when that would have taken effect.
    """
    first = add_account(desk.people, "reviewer-11", [Grant(role=Role.REVIEWER)], by="command")
    today = desk.people.clock().replace(hour=0, minute=0)
    waiting = desk.cases.cases(CaseFilter(kind=CaseKind.ROWS))
    of_sales = sorted((case for case in waiting if case.opened_at >= today and case.flow == "sales"), key=_rank)
    zero, priceless = sorted((case for case in waiting if case.opened_at >= today and case.flow == "retail"), key=_rank)
    odd = next(case for case in of_sales if case.code in CONFIRMED)
    _propose(desk, odd, Act.RELEASE, first, "The shop confirmed these by telephone.")
    gone = add_account(desk.people, "reviewer-12", [Grant(role=Role.REVIEWER)], by="command")
    _propose(desk, next(case for case in of_sales if case is not odd), Act.REJECT, gone, "Nobody knows these.")
    change_grants(desk.people, gone, [Grant(role=Role.ANALYST)], by="command")
    pass_(AFTER_UNDO)
    execute_due(desk)
    pipeline.work(desk.platform)
    said = Comment(case=priceless.id, number=0, account=first.id, at=desk.people.clock(), text=ASKED)
    desk.cases.comment(said)
    _correct(desk, priceless, first)
    _propose(desk, zero, Act.REJECT, first, "These are sent again tomorrow.")
    _change(desk, first)


def _rank(case: Case) -> tuple[int, str]:
    return case.rows, case.code


def _change(desk: Desk, by: Account) -> None:
    """A lower limit of sales, tried over what came before, that others must agree to."""
    values, sales = {"amount_limit": "1500.00"}, desk.platform.flows["sales"]
    tried = replay(desk.platform, sales, Proposal(values=values), Which(newest=3))
    planned = plan_change(desk, "sales", values=values, replayed=tried)
    propose(desk, planned, by=by, reason="Above 1,500 EUR somebody shall look.")


def _propose(desk: Desk, case: Case, act: Act, by: Account, reason: str) -> None:
    propose(desk, plan(desk, case, act, selection=ALL, edits=[]), by=by, reason=reason)


def _correct(desk: Desk, case: Case, by: Account) -> None:
    """Propose a price for the rows; who edits has no vote."""
    edits = [Edit(row=held.row, values={"unit_price": "2.55"}) for held in page(desk.platform, case, after=0, most=50)]
    planned = plan(desk, case, Act.CORRECT, selection=ALL, edits=edits)
    propose(desk, planned, by=by, reason="The price of the catalogue, which the till did not send.")


def _look(platform: Platform, folder: Path, ledger: str, clock: Callable[[], datetime], cases: SqliteCases) -> None:
    settings = AlertSettings(review_within_s=30 * 86_400)
    desk = AlertDesk(
        project="shop",
        alerts=SqliteAlerts(ledger),
        queue=SqliteQueue(ledger, name=QUEUE),
        settings=settings,
        receivers={},
        clock=clock,
        random=lambda: 0.0,
        random_bytes=random.Random(SEED).randbytes,  # noqa: S311  of a picture
    )
    checks = make_checks(platform, settings, folder=folder, stopped_flows=tuple, cases=cases.cases, clock=clock)
    look(desk, platform, checks)
    desk.close()
