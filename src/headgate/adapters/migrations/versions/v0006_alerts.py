"""The queue, and alerts with silences and notices."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# In SQL as it stands: the ledger is SQLite's, and a partial index is written alike in no two dialects.
_STATEMENTS = (
    """CREATE TABLE messages (
        number INTEGER NOT NULL, queue TEXT NOT NULL, id TEXT NOT NULL, "key" TEXT NOT NULL, body TEXT NOT NULL,
        place INTEGER, sent_at DOUBLE NOT NULL, not_before DOUBLE, hidden_until DOUBLE, deliveries INTEGER NOT NULL,
        token INTEGER, locked_until DOUBLE, dead_at DOUBLE, reason TEXT, description TEXT,
        CONSTRAINT pk_messages PRIMARY KEY (number),
        CONSTRAINT ck_messages_lease CHECK ((token IS NULL) = (locked_until IS NULL)),
        CONSTRAINT ck_messages_dead CHECK ((dead_at IS NULL) = (reason IS NULL) AND (dead_at IS NULL OR token IS NULL)),
        CONSTRAINT ck_messages_place CHECK (place IS NOT NULL OR not_before IS NOT NULL)
    )""",
    """CREATE TABLE message_ids (
        queue TEXT NOT NULL, id TEXT NOT NULL, expires_at DOUBLE NOT NULL,
        CONSTRAINT pk_message_ids PRIMARY KEY (queue, id)
    )""",
    """CREATE TABLE alerts (
        id TEXT NOT NULL, "key" TEXT NOT NULL, kind TEXT NOT NULL, flow TEXT NOT NULL, subject TEXT NOT NULL,
        facts TEXT NOT NULL, opened_at TEXT NOT NULL, told_at TEXT, tellings INTEGER NOT NULL, level INTEGER NOT NULL,
        level_at TEXT, acknowledged_at TEXT, acknowledged_by TEXT, resolved_at TEXT,
        CONSTRAINT pk_alerts PRIMARY KEY (id),
        CONSTRAINT ck_alerts_kind CHECK (kind IN ('audit', 'backlog', 'failed', 'held', 'nothing-came',
            'review-overdue', 'slow', 'stopped', 'storage')),
        CONSTRAINT ck_alerts_acknowledged CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL))
    )""",
    """CREATE TABLE silences (
        id TEXT NOT NULL, "key" TEXT, kind TEXT, flow TEXT, until TEXT NOT NULL, reason TEXT NOT NULL,
        made_at TEXT NOT NULL, made_by TEXT NOT NULL, ended_at TEXT, ended_by TEXT,
        CONSTRAINT pk_silences PRIMARY KEY (id)
    )""",
    """CREATE TABLE notices (
        id TEXT NOT NULL, alert TEXT NOT NULL, receiver TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
        made_at TEXT NOT NULL, queued_at TEXT, delivered_at TEXT, failed_at TEXT, fault TEXT NOT NULL,
        CONSTRAINT pk_notices PRIMARY KEY (id),
        CONSTRAINT ck_notices_kind CHECK (kind IN ('again', 'escalated', 'opened', 'resolved')),
        CONSTRAINT fk_notices_alert_alerts FOREIGN KEY(alert) REFERENCES alerts (id)
    )""",
    'CREATE INDEX ix_messages_queue_key_place ON messages (queue, "key", place) WHERE dead_at IS NULL',
    """CREATE UNIQUE INDEX uq_messages_leased_key ON messages (queue, "key") WHERE token IS NOT NULL AND "key" <> ''""",
    """CREATE INDEX ix_message_ids_expires_at ON message_ids (expires_at)""",
    'CREATE UNIQUE INDEX uq_alerts_open ON alerts ("key") WHERE resolved_at IS NULL',
    """CREATE INDEX ix_alerts_opened_at ON alerts (opened_at)""",
    """CREATE INDEX ix_silences_until ON silences (until)""",
    """CREATE INDEX ix_notices_alert ON notices (alert)""",
    """CREATE INDEX ix_notices_made_at ON notices (made_at) WHERE queued_at IS NULL""",
    "INSERT INTO counters (name, value) VALUES ('message', 0)",
)


def upgrade() -> None:
    """Make the tables, their indexes, and the counter of messages."""
    for statement in _STATEMENTS:
        op.execute(statement)
