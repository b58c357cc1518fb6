"""The one list of pages that have a picture: where each is, who looks, and what it is in a sentence.

A page that is added here is looked at by the acceptance tests (axe, both themes, 360 and 1440 wide), and drawn and
described in docs/pages.md by `make screenshots`.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
from playwright.sync_api import Page, Route, expect
from tests.harness.shown_people import alerts_beside, cases_beside, shown_secret

from headgate.core.alerts import AlertKind
from headgate.core.cases import UNDER_WAY, Act, CaseFilter, CaseKind, Decision, DecisionState
from headgate.core.overlay import is_amendment, origin_of
from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Delivery
from headgate.core.roles import Role
from headgate.core.states import DeliveryState
from headgate.web.waiting import group_id

Where = Callable[[Platform], str]
MB = 1_000_000


class ShownPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the shown project."""

    name: str  # of its pictures
    title: str
    sentence: str
    path: str | Where
    role: Role | None = Role.ADMIN  # None: nobody is signed in
    account: str = ""  # that looks; empty: of the role's name
    act: Callable[[Page], None] | None = None  # what is done there before it is looked at

    @property
    def visitor(self) -> str:
        """The account that looks; empty for nobody."""
        return self.account or (f"{self.role}-07" if self.role else "")

    def place(self, platform: Platform) -> str:
        """Its path in that project."""
        return self.path if isinstance(self.path, str) else self.path(platform)


def _delivery(flow: str, state: DeliveryState, after: str = "") -> Where:
    """The newest delivery of that flow and state; of several the one with most rows held."""

    def rank(one: Delivery) -> tuple[int, int]:
        return (one.counts.held if one.counts else 0, one.landing_number)

    def place(platform: Platform) -> str:
        every = platform.ledger.deliveries(DeliveryFilter(flow=flow))
        found = [one for one in every if one.state is state] or [one for one in every if one.tries]  # run again since
        return f"/deliveries/{max(found, key=rank).id}{after}"

    return place


def _case(flow: str, kind: CaseKind, state: DecisionState | None = None, act: Act | None = None) -> Where:
    """The newest open case of that flow and kind, with a decision that stands so; of several the one with most rows."""

    def place(platform: Platform) -> str:
        with closing(cases_beside(platform)) as cases:
            found = cases.cases(CaseFilter(flows=(flow,), kind=kind))
            decided = {one.case: one for one in cases.decisions(states=UNDER_WAY)}
        fitting = [case for case in found if _stands(decided.get(case.id), state, act)]
        return f"/cases/{max(fitting, key=lambda case: (case.opened_at, case.left)).id}"

    return place


def _stands(decision: Decision | None, state: DecisionState | None, act: Act | None) -> bool:
    if decision is None or state is None:
        return decision is None and state is None
    return decision.state is state and act in {None, decision.act}


def _void(platform: Platform) -> str:
    """The case of which a decision came to nothing."""
    with closing(cases_beside(platform)) as cases:
        return f"/cases/{cases.decisions(states=(DecisionState.VOID,))[0].case}"


def _inbox(platform: Platform) -> str:
    """At the reason with most rows."""
    with closing(cases_beside(platform)) as cases:
        found = cases.groups(CaseFilter(flows=("retail",), kind=CaseKind.ROWS))
    return f"/inbox?flow=retail&group={group_id(max(found, key=lambda group: group.rows))}"


def _alert(platform: Platform) -> str:
    """That of the delivery that failed."""
    with closing(alerts_beside(platform)) as alerts:
        found = next(one for one in alerts.standing() if one.kind is AlertKind.FAILED)
    return f"/alerts/{found.id}"


def _amendment(platform: Platform) -> str:
    """The one by which rows of sales were released."""
    found = platform.ledger.deliveries(DeliveryFilter(flow="sales", states=(DeliveryState.ARCHIVED,)))
    released = [one for one in found if is_amendment(one) and one.facts["act"] == Act.RELEASE]
    return f"/deliveries/{released[-1].id}"


def _amended(platform: Platform) -> str:
    """The delivery of which it is."""
    found = platform.ledger.deliveries(DeliveryFilter(flow="sales", states=(DeliveryState.ARCHIVED,)))
    released = [one for one in found if is_amendment(one) and one.facts["act"] == Act.RELEASE]
    return f"/deliveries/{origin_of(released[-1])}"


def _set_up_a_factor(page: Page) -> None:
    page.get_by_role("button", name="Set up a second factor").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Set up a second factor")


def _try_a_limit(page: Page) -> None:
    panel = page.get_by_role("form", name="Try a change")
    panel.get_by_label("amount_limit").fill("300.00")
    panel.get_by_label("Newest deliveries").fill("3")
    panel.get_by_role("button").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("What if", timeout=60_000)


def _wait_for_the_dry_run(page: Page) -> None:
    expect(page.get_by_role("button", name=re.compile("^Release")).first).to_be_visible(timeout=30_000)


def _send_two(page: Page) -> None:
    """Two files of which the first part each has arrived, the second on its way; one is paused."""

    def hold(route: Route) -> None:
        if route.request.method != "PATCH" or route.request.headers["upload-offset"] == "0":
            route.continue_()

    page.route("**/files/**", hold)
    with tempfile.TemporaryDirectory() as folder:
        files = {Path(folder) / "online_retail_20261121.csv": 19, Path(folder) / "sales_batch_20261121_080014.json": 21}
        for file, size in files.items():
            with file.open("wb") as stream:
                stream.truncate(size * MB)
        page.get_by_label("Drop files here").set_input_files(list(files))
        page.get_by_role("button", name="Send the chosen files").click()
        for file, size in files.items():
            sent = page.get_by_role("listitem").filter(has_text=file.name)
            expect(sent).to_contain_text(f"8.4 MB of {size} MB", timeout=30_000)
    page.get_by_role("button", name="Pause").last.click()
    expect(page.get_by_text("paused by you")).to_be_visible()


PAGES = (
    ShownPage(
        name="sign-in",
        title="Sign in",
        sentence="By a link that works once, by password, or at a provider.",
        path="/sign-in",
        role=None,
    ),
    ShownPage(
        name="overview",
        title="Overview",
        sentence="What waits for a person, how each flow stands, what is on its way, two weeks in charts.",
        path="/",
    ),
    ShownPage(
        name="deliveries",
        title="Deliveries",
        sentence="Every file that came, found by name, id or SHA-256.",
        path="/deliveries",
    ),
    ShownPage(
        name="delivery",
        title="One delivery",
        sentence="Where each row went, the six steps with times, reasons with found and expected, lineage, receipt.",
        path=_amended,
        role=Role.REVIEWER,
    ),
    ShownPage(
        name="delivery-amendment",
        title="An amendment",
        sentence="Rows that people released: of which delivery, by which case and votes, with a receipt of their own.",
        path=_amendment,
        role=Role.REVIEWER,
    ),
    ShownPage(
        name="delivery-held",
        title="A delivery that is held as a whole",
        sentence="Nothing went through the gate: why, and the next step.",
        path=_delivery("usedcars", DeliveryState.HELD),
    ),
    ShownPage(
        name="delivery-failed",
        title="A delivery that failed",
        sentence="At which step it stopped, and that nothing is lost.",
        path=_delivery("sales", DeliveryState.FAILED),
    ),
    ShownPage(
        name="inbox",
        title="Review inbox",
        sentence="What waits by reason, the one due first on top; rows are chosen and decided, with the numbers first.",
        path=_inbox,
        role=Role.REVIEWER,
    ),
    ShownPage(
        name="case-rows",
        title="A case of rows",
        sentence="The record with its faults, what is proposed, who may vote and who not, what was said.",
        path=_case("retail", CaseKind.ROWS, DecisionState.PROPOSED),
        role=Role.REVIEWER,
    ),
    ShownPage(
        name="case-own",
        title="A case that waits for another person",
        sentence="Who proposed sees who may vote, and that they themselves may not.",
        path=_case("retail", CaseKind.ROWS, DecisionState.PROPOSED),
        role=Role.REVIEWER,
        account="reviewer-11",
    ),
    ShownPage(
        name="case-undo",
        title="A decision that can be undone",
        sentence="Enough people agreed; until it takes effect it can be taken back.",
        path=_case("retail", CaseKind.ROWS, DecisionState.DECIDED),
        role=Role.REVIEWER,
    ),
    ShownPage(
        name="case-void",
        title="A case whose decision came to nothing",
        sentence="Who agreed has the role no more: what was decided is void, the rows wait again, and it says why.",
        path=_void,
        role=Role.REVIEWER,
        act=_wait_for_the_dry_run,
    ),
    ShownPage(
        name="case-held",
        title="The case of a delivery that is held as a whole",
        sentence="Why it is held, and what would happen by releasing or rejecting it.",
        path=_case("retail", CaseKind.DELIVERY),
        role=Role.REVIEWER,
        act=_wait_for_the_dry_run,
    ),
    ShownPage(
        name="case-drift",
        title="A case of drift",
        sentence="Which columns are other than the contract says, and the contract that would be accepted.",
        path=_case("usedcars", CaseKind.DRIFT),
        role=Role.REVIEWER,
        act=_wait_for_the_dry_run,
    ),
    ShownPage(
        name="case-change",
        title="A change of rules",
        sentence="What shall be in force, how many rows would change their verdict by it, and who must agree.",
        path=_case("sales", CaseKind.CHANGE, DecisionState.PROPOSED, Act.CHANGE),
        role=Role.REVIEWER,
    ),
    ShownPage(
        name="alerts",
        title="Alerts",
        sentence="What is wrong now with its next step, what is silenced, what is over.",
        path="/alerts",
        role=Role.OPERATOR,
    ),
    ShownPage(
        name="alert",
        title="One alert",
        sentence="Who was told and when; acknowledged or silenced here.",
        path=_alert,
        role=Role.OPERATOR,
    ),
    ShownPage(
        name="again",
        title="Run again",
        sentence="What will happen is said with its numbers before it is done.",
        path=_delivery("sales", DeliveryState.ARCHIVED, "/again"),
        role=Role.OPERATOR,
    ),
    ShownPage(
        name="flows",
        title="Flows",
        sentence="Each flow with its contract, owner, volume, share accepted and what it holds.",
        path="/flows",
    ),
    ShownPage(
        name="flow",
        title="One flow",
        sentence="The contract for people, rules with what they caught, parameters with who, when, why and the change.",
        path="/flows/sales",
    ),
    ShownPage(
        name="what-if",
        title="What if",
        sentence="A proposed value or contract, replayed over what came before: which rows move, and why.",
        path="/flows/sales",
        role=Role.REVIEWER,
        act=_try_a_limit,
    ),
    ShownPage(
        name="change",
        title="Changing rules",
        sentence="Values and the contract, with a dry run before they are proposed; others agree.",
        path="/flows/sales/change",
        role=Role.REVIEWER,
    ),
    ShownPage(
        name="tables",
        title="Tables",
        sentence="The published tables of the flows that one may read.",
        path="/tables",
        role=Role.ANALYST,
    ),
    ShownPage(
        name="table-rows",
        title="Rows of a table",
        sentence="A page of rows in the order of their key; personal columns are masked.",
        path="/tables/sales.silver.transactions",
        role=Role.ANALYST,
    ),
    ShownPage(
        name="table-columns",
        title="Columns of a table",
        sentence="Statistics of each column, and the columns that it is made from.",
        path="/tables/sales.silver.transactions/columns",
        role=Role.ANALYST,
    ),
    ShownPage(
        name="table-versions",
        title="Versions of a table",
        sentence="Its history, and two versions side by side by key.",
        path="/tables/sales.gold.daily/versions?old=3&new=8",
        role=Role.ANALYST,
    ),
    ShownPage(
        name="upload",
        title="Send files",
        sentence="Drop files, see them arrive whole, read what became of them.",
        path="/upload",
        role=Role.UPLOADER,
    ),
    ShownPage(
        name="upload-under-way",
        title="Files on their way",
        sentence="How much of each has arrived, each part proven by its checksum; paused, resumed or cancelled here.",
        path="/upload",
        role=Role.UPLOADER,
        account="uploader-08",
        act=_send_two,
    ),
    ShownPage(
        name="links",
        title="Upload links",
        sentence="For senders without an account: what each may send, what came by it, and its end.",
        path="/links",
        role=Role.OPERATOR,
    ),
    ShownPage(
        name="send",
        title="The page of an upload link",
        sentence="What somebody without an account sees: what may be sent, what arrived, what became of it.",
        path=f"/send/{shown_secret()}",
        role=None,
    ),
    ShownPage(
        name="audit",
        title="Audit",
        sentence="The log, event by event, verified here and exported to be verified elsewhere.",
        path="/audit",
        role=Role.AUDITOR,
    ),
    ShownPage(
        name="accounts",
        title="Accounts",
        sentence="Who may sign in, with which roles in which flows.",
        path="/accounts",
    ),
    ShownPage(
        name="me",
        title="One's own account",
        sentence="Roles, sessions, password, second factor, API tokens.",
        path="/me",
        role=Role.ANALYST,
    ),
    ShownPage(
        name="second-factor",
        title="Setting up a second factor",
        sentence="Read by an authenticator, or typed; asked for once a code of it was given.",
        path="/me",
        role=Role.ANALYST,
        act=_set_up_a_factor,
    ),
)
