"""Looks at personal values: each is an event before anything is shown."""

from __future__ import annotations

from headgate.core.accounts import Account
from headgate.core.errors import NotFoundError
from headgate.core.records import Delivery, Event
from headgate.web.site import Site


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
