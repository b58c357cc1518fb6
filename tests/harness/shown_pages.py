"""The one list of pages that have a picture: where each is, who looks, and what it is in a sentence.

A page that is added here is looked at by the acceptance tests (axe, both themes, 360 and 1440 wide), and drawn and
described in docs/pages.md by `make screenshots`.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Delivery
from headgate.core.roles import Role
from headgate.core.states import DeliveryState

Where = Callable[[Platform], str]


class ShownPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the shown project."""

    name: str  # of its pictures
    title: str
    sentence: str
    path: str | Where
    role: Role | None = Role.ADMIN  # None: nobody is signed in

    def place(self, platform: Platform) -> str:
        """Its path in that project."""
        return self.path if isinstance(self.path, str) else self.path(platform)


def _delivery(flow: str, state: DeliveryState, after: str = "") -> Where:
    """The newest delivery of that flow and state; of several the one with most rows held."""

    def rank(one: Delivery) -> tuple[int, int]:
        return (one.counts.held if one.counts else 0, one.landing_number)

    def place(platform: Platform) -> str:
        found = platform.ledger.deliveries(DeliveryFilter(flow=flow, states=(state,)))
        return f"/deliveries/{max(found, key=rank).id}{after}"

    return place


PAGES = (
    ShownPage(
        name="sign-in",
        title="Sign in",
        sentence="By a link that works once, or by password.",
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
        path=_delivery("sales", DeliveryState.ARCHIVED),
        role=Role.OPERATOR,
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
        sentence="Roles, sessions, password.",
        path="/me",
        role=Role.ANALYST,
    ),
)
