"""The first schema: deliveries, leases, publications, the log, registers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make all tables, triggers and counters."""
    _deliveries()
    _log()
    _publications()
    _registers()
    for statement in (*_PARTIAL_INDEXES, *_TRIGGERS):
        op.execute(statement)
    op.execute("INSERT INTO counters (name, value) VALUES ('landing', 0), ('event', 0), ('fence', 0)")


def _text(name: str, *, optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=optional)


def _number(name: str, *, optional: bool = False) -> sa.Column[int]:
    return sa.Column(name, _NUMBER, autoincrement=False, nullable=optional)


def _deliveries() -> None:
    """What came, where it stands, and who works on it."""
    op.create_table(
        "counters",
        _text("name"),
        _number("value"),
        sa.PrimaryKeyConstraint("name", name="pk_counters"),
    )
    op.create_table(
        "deliveries",
        _number("landing_number"),
        _text("id"),
        _text("flow", optional=True),
        _text("kind"),
        _text("name"),
        _text("origin"),
        _text("sender"),
        _text("sha256"),
        _number("size_bytes"),
        _text("form"),
        _text("state"),
        _text("run"),
        _text("landed_at"),
        _number("received", optional=True),
        _number("accepted", optional=True),
        _number("held", optional=True),
        _number("rejected", optional=True),
        _number("duplicate", optional=True),
        _number("warned", optional=True),
        _text("reasons"),
        _text("held_for"),
        _text("released", optional=True),
        _text("note"),
        _number("publication", optional=True),
        _text("contract", optional=True),
        _text("parameters"),
        _text("facts"),
        _number("tries"),
        _text("superseded_by", optional=True),
        _text("claim", optional=True),
        sa.CheckConstraint(
            "state IN ('archived', 'checked', 'failed', 'held', 'landed', 'published', 'publishing', "
            "'refused', 'registered', 'superseded', 'unmatched')",
            name=op.f("ck_deliveries_state"),
        ),
        sa.CheckConstraint("kind IN ('amendment', 'file', 'slice')", name=op.f("ck_deliveries_kind")),
        sa.CheckConstraint(
            "received IS NULL OR (accepted >= 0 AND held >= 0 AND rejected >= 0 AND duplicate >= 0 AND "
            "warned >= 0 AND accepted IS NOT NULL AND held IS NOT NULL AND rejected IS NOT NULL AND "
            "duplicate IS NOT NULL AND warned IS NOT NULL AND received = accepted + held + rejected + "
            "duplicate)",
            name=op.f("ck_deliveries_counts_balance"),
        ),
        sa.PrimaryKeyConstraint("landing_number", name="pk_deliveries"),
        sa.UniqueConstraint("id", name="uq_deliveries_id"),
    )
    op.create_index("ix_deliveries_state_landing_number", "deliveries", ["state", "landing_number"])
    op.create_index("ix_deliveries_name", "deliveries", ["name"])
    op.create_index("ix_deliveries_run", "deliveries", ["run"])
    op.create_index("ix_deliveries_sha256", "deliveries", ["sha256"])
    op.create_table(
        "leases",
        _text("key"),
        _text("owner"),
        _number("number"),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_leases"),
        sa.UniqueConstraint("number", name="uq_leases_number"),
    )


def _log() -> None:
    """The events, their tree, and what was signed."""
    op.create_table(
        "events",
        _number("position"),
        _text("at"),
        _text("type"),
        _text("delivery", optional=True),
        _text("flow", optional=True),
        _text("leaf"),
        sa.CheckConstraint("position >= 0", name=op.f("ck_events_position")),
        sa.PrimaryKeyConstraint("position", name="pk_events"),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.id"], name="fk_events_delivery_deliveries"),
    )
    op.create_index("ix_events_delivery_type", "events", ["delivery", "type"])
    op.create_table(
        "tree_nodes",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        _number("position"),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(hash) = 32", name=op.f("ck_tree_nodes_hash")),
        sa.PrimaryKeyConstraint("level", "position", name="pk_tree_nodes"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "checkpoints",
        _number("size"),
        _text("note"),
        sa.PrimaryKeyConstraint("size", name="pk_checkpoints"),
    )
    op.create_table(
        "receipts",
        _text("delivery"),
        _number("number"),
        _text("body"),
        _text("sha256"),
        _number("event_index"),
        sa.PrimaryKeyConstraint("delivery", "number", name="pk_receipts"),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.id"], name="fk_receipts_delivery_deliveries"),
        sa.ForeignKeyConstraint(["event_index"], ["events.position"], name="fk_receipts_event_index_events"),
    )


def _publications() -> None:
    """Intents and what became of them."""
    op.create_table(
        "publications",
        _text("flow"),
        _number("number"),
        _number("epoch"),
        _text("state"),
        _text("run"),
        _text("deliveries"),
        _text("changes"),
        _text("moves"),
        _text("versions"),
        _text("opened_at"),
        _text("done_at", optional=True),
        sa.CheckConstraint("state IN ('done', 'open')", name=op.f("ck_publications_state")),
        sa.CheckConstraint("(state = 'done') = (done_at IS NOT NULL)", name=op.f("ck_publications_done_at")),
        sa.PrimaryKeyConstraint("flow", "number", name="pk_publications"),
    )
    op.create_table(
        "epochs",
        _text("flow"),
        _number("number"),
        _text("reason"),
        _text("begun_at"),
        sa.CheckConstraint("number > 1", name=op.f("ck_epochs_number")),
        sa.PrimaryKeyConstraint("flow", "number", name="pk_epochs"),
    )


def _registers() -> None:
    """What is entered once and looked up."""
    op.create_table(
        "contracts",
        _text("flow"),
        _text("id"),
        _text("version"),
        _text("digest"),
        _text("text"),
        _text("registered_at"),
        sa.PrimaryKeyConstraint("flow", "id", "version", name="pk_contracts"),
    )
    op.create_index("ix_contracts_digest", "contracts", ["digest"])
    op.create_table(
        "parameters",
        _text("flow"),
        _text("name"),
        _number("number"),
        _text("value"),
        _text("set_by"),
        _text("reason"),
        _text("set_at"),
        sa.PrimaryKeyConstraint("flow", "name", "number", name="pk_parameters"),
    )
    op.create_table(
        "runs",
        _text("id"),
        _text("started_at"),
        _text("ended_at", optional=True),
        _text("summary"),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_started_at", "runs", ["started_at"])


_PARTIAL_INDEXES = (
    "CREATE INDEX ix_deliveries_claim ON deliveries (claim) WHERE claim IS NOT NULL",
    "CREATE UNIQUE INDEX uq_publications_open ON publications (flow) WHERE state = 'open'",
)

_TRIGGERS = (
    (
        "CREATE TRIGGER checkpoints_no_delete BEFORE DELETE ON checkpoints BEGIN SELECT "
        "RAISE(ABORT, 'headgate: checkpoints allow no delete'); END"
    ),
    (
        "CREATE TRIGGER checkpoints_no_update BEFORE UPDATE ON checkpoints BEGIN SELECT "
        "RAISE(ABORT, 'headgate: checkpoints allow no update'); END"
    ),
    (
        "CREATE TRIGGER deliveries_first_state BEFORE INSERT ON deliveries WHEN NEW.state NOT IN "
        "('landed', 'refused', 'registered', 'unmatched') BEGIN SELECT RAISE(ABORT, 'headgate: a "
        "new delivery cannot be in this state'); END"
    ),
    (
        "CREATE TRIGGER deliveries_landing_order BEFORE INSERT ON deliveries WHEN "
        "NEW.landing_number <= (SELECT max(landing_number) FROM deliveries) BEGIN SELECT "
        "RAISE(ABORT, 'headgate: landing numbers only grow'); END"
    ),
    (
        "CREATE TRIGGER deliveries_no_delete BEFORE DELETE ON deliveries BEGIN SELECT RAISE(ABORT, "
        "'headgate: deliveries allow no delete'); END"
    ),
    (
        "CREATE TRIGGER deliveries_transition BEFORE UPDATE OF state ON deliveries WHEN OLD.state "
        "<> NEW.state AND NOT ((OLD.state = 'archived' AND NEW.state IN ('landed', 'superseded')) "
        "OR (OLD.state = 'checked' AND NEW.state IN ('failed', 'landed', 'publishing')) OR "
        "(OLD.state = 'failed' AND NEW.state IN ('landed', 'registered', 'superseded')) OR "
        "(OLD.state = 'held' AND NEW.state IN ('landed', 'superseded')) OR (OLD.state = 'landed' "
        "AND NEW.state IN ('checked', 'failed', 'refused')) OR (OLD.state = 'published' AND "
        "NEW.state IN ('archived')) OR (OLD.state = 'publishing' AND NEW.state IN ('held', "
        "'published')) OR (OLD.state = 'registered' AND NEW.state IN ('failed', 'landed', "
        "'refused', 'unmatched')) OR (OLD.state = 'unmatched' AND NEW.state IN ('registered'))) "
        "BEGIN SELECT RAISE(ABORT, 'headgate: illegal transition of a delivery'); END"
    ),
    (
        "CREATE TRIGGER events_next BEFORE INSERT ON events WHEN NEW.position <> (SELECT "
        "coalesce(max(position) + 1, 0) FROM events) BEGIN SELECT RAISE(ABORT, 'headgate: events "
        "have no gap'); END"
    ),
    (
        "CREATE TRIGGER events_no_delete BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, "
        "'headgate: events allow no delete'); END"
    ),
    (
        "CREATE TRIGGER events_no_update BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, "
        "'headgate: events allow no update'); END"
    ),
    (
        "CREATE TRIGGER receipts_no_delete BEFORE DELETE ON receipts BEGIN SELECT RAISE(ABORT, "
        "'headgate: receipts allow no delete'); END"
    ),
    (
        "CREATE TRIGGER receipts_no_update BEFORE UPDATE ON receipts BEGIN SELECT RAISE(ABORT, "
        "'headgate: receipts allow no update'); END"
    ),
    (
        "CREATE TRIGGER tree_nodes_no_delete BEFORE DELETE ON tree_nodes BEGIN SELECT RAISE(ABORT, "
        "'headgate: tree_nodes allow no delete'); END"
    ),
    (
        "CREATE TRIGGER tree_nodes_no_update BEFORE UPDATE ON tree_nodes BEGIN SELECT RAISE(ABORT, "
        "'headgate: tree_nodes allow no update'); END"
    ),
)
