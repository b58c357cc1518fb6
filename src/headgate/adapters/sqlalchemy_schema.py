"""The ledger's tables, their constraints and triggers. The database itself refuses what must never happen."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from headgate.core.records import DeliveryKind, PublicationState
from headgate.core.states import DeliveryState

HEAD = "0001"
"""The revision that this code reads and writes: the newest under `migrations/versions`."""

NAMES = {
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
}
metadata = sa.MetaData(naming_convention=NAMES)

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""64 bits everywhere; in SQLite only INTEGER may be the row's own number."""


def _one_of(column: str, values: Iterable[str]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in sorted(values))
    return sa.CheckConstraint(f"{column} IN ({listed})", name=column)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, Number, nullable=False)


# Registers that must have no gap: one row each, raised in the transaction that uses the number.
counters = sa.Table(
    "counters",
    metadata,
    sa.Column("name", sa.Text(), primary_key=True),
    _number("value"),
)

COUNTERS = ("landing", "event", "fence")

COUNTS = ("received", "accepted", "held", "rejected", "duplicate", "warned")

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("landing_number", Number, primary_key=True, autoincrement=False),
    sa.Column("id", sa.Text(), nullable=False, unique=True),
    sa.Column("flow", sa.Text()),
    _text("kind"),
    _text("name"),
    _text("origin"),
    _text("sender"),
    _text("sha256"),
    _number("size_bytes"),
    _text("form"),  # JSON
    _text("state"),
    _text("run"),
    _text("landed_at"),
    *(sa.Column(name, Number) for name in COUNTS),
    _text("reasons"),  # JSON
    _text("held_for"),  # JSON
    sa.Column("released", sa.Text()),
    _text("note"),
    sa.Column("publication", Number),
    sa.Column("contract", sa.Text()),
    _text("parameters"),  # JSON
    _text("facts"),  # JSON
    _number("tries"),
    sa.Column("superseded_by", sa.Text()),
    sa.Column("claim", sa.Text()),  # key of the lease under which it is checked
    _one_of("state", DeliveryState),
    _one_of("kind", DeliveryKind),
    sa.CheckConstraint(
        "received IS NULL OR (accepted >= 0 AND held >= 0 AND rejected >= 0 AND duplicate >= 0 AND warned >= 0"
        " AND accepted IS NOT NULL AND held IS NOT NULL AND rejected IS NOT NULL AND duplicate IS NOT NULL"
        " AND warned IS NOT NULL AND received = accepted + held + rejected + duplicate)",
        name="counts_balance",
    ),
)

PARTIAL_INDEXES = (
    "CREATE INDEX ix_deliveries_claim ON deliveries (claim) WHERE claim IS NOT NULL",
    "CREATE UNIQUE INDEX uq_publications_open ON publications (flow) WHERE state = 'open'",
)
"""SQL that SQLite and PostgreSQL share; `sa.Index` with a condition would import the dialects of both."""

# Within a state in landing order, so that the oldest that wait are found without sorting.
sa.Index("ix_deliveries_state_landing_number", deliveries.c.state, deliveries.c.landing_number)
sa.Index("ix_deliveries_sha256", deliveries.c.sha256)
sa.Index("ix_deliveries_name", deliveries.c.name)
sa.Index("ix_deliveries_run", deliveries.c.run)

events = sa.Table(
    "events",
    metadata,
    sa.Column("position", Number, primary_key=True, autoincrement=False),  # index of the leaf, from 0
    _text("at"),
    _text("type"),
    sa.Column("delivery", sa.Text(), sa.ForeignKey("deliveries.id")),
    sa.Column("flow", sa.Text()),
    _text("leaf"),  # canonical JSON: exactly the bytes that the tree covers
    sa.CheckConstraint("position >= 0", name="position"),
)
sa.Index("ix_events_delivery_type", events.c.delivery, events.c.type)

tree_nodes = sa.Table(
    "tree_nodes",
    metadata,
    sa.Column("level", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("position", Number, primary_key=True, autoincrement=False),
    sa.Column("hash", sa.LargeBinary(), nullable=False),
    sa.CheckConstraint("length(hash) = 32", name="hash"),
    sqlite_with_rowid=False,
)

checkpoints = sa.Table(
    "checkpoints", metadata, sa.Column("size", Number, primary_key=True, autoincrement=False), _text("note")
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("key", sa.Text(), primary_key=True),
    _text("owner"),
    sa.Column("number", Number, nullable=False, unique=True),  # the fencing number
    sa.Column("expires_at", sa.Double(), nullable=False),  # seconds since 1970 by the database's clock
)

publications = sa.Table(
    "publications",
    metadata,
    sa.Column("flow", sa.Text(), primary_key=True),
    sa.Column("number", Number, primary_key=True, autoincrement=False),
    _number("epoch"),
    _text("state"),
    _text("run"),
    _text("deliveries"),  # JSON
    _text("changes"),  # JSON: what is done to which table
    _text("moves"),  # JSON: how each delivery stands afterwards
    _text("versions"),  # JSON
    _text("opened_at"),
    sa.Column("done_at", sa.Text()),
    _one_of("state", PublicationState),
    sa.CheckConstraint("(state = 'done') = (done_at IS NOT NULL)", name="done_at"),
)

epochs = sa.Table(
    "epochs",
    metadata,
    sa.Column("flow", sa.Text(), primary_key=True),
    sa.Column("number", Number, primary_key=True, autoincrement=False),
    _text("reason"),
    _text("begun_at"),
    sa.CheckConstraint("number > 1", name="number"),
)

contracts = sa.Table(
    "contracts",
    metadata,
    sa.Column("flow", sa.Text(), primary_key=True),
    sa.Column("id", sa.Text(), primary_key=True),
    sa.Column("version", sa.Text(), primary_key=True),
    _text("digest"),
    _text("text"),
    _text("registered_at"),
)
sa.Index("ix_contracts_digest", contracts.c.digest)

parameters = sa.Table(
    "parameters",
    metadata,
    sa.Column("flow", sa.Text(), primary_key=True),
    sa.Column("name", sa.Text(), primary_key=True),
    sa.Column("number", Number, primary_key=True, autoincrement=False),
    _text("value"),
    _text("set_by"),
    _text("reason"),
    _text("set_at"),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Text(), primary_key=True),
    _text("started_at"),
    sa.Column("ended_at", sa.Text()),
    _text("summary"),  # JSON
)
sa.Index("ix_runs_started_at", runs.c.started_at)

receipts = sa.Table(
    "receipts",
    metadata,
    sa.Column("delivery", sa.Text(), sa.ForeignKey("deliveries.id"), primary_key=True),
    sa.Column("number", Number, primary_key=True, autoincrement=False),
    _text("body"),
    _text("sha256"),
    sa.Column("event_index", Number, sa.ForeignKey("events.position"), nullable=False),
)

# Alembic's own table, word for word, so that a new ledger looks like an upgraded one.
alembic_version = sa.Table(
    "alembic_version",
    metadata,
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
