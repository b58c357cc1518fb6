"""Tables of the queue and of alerts, as `sqlite_schema` takes them up."""

from __future__ import annotations

from headgate.core.alerts import AlertKind, NoticeKind


def _one_of(column: str, values: type[AlertKind | NoticeKind]) -> str:
    listed = ", ".join(f"'{value}'" for value in sorted(values))
    return f"{column} IN ({listed})"


TABLES = (
    # number: of the message; place: its order, none before it is due; token: of its lease; times in seconds since 1970
    # by the database's clock
    """CREATE TABLE messages (
        number INTEGER NOT NULL, queue TEXT NOT NULL, id TEXT NOT NULL, "key" TEXT NOT NULL, body TEXT NOT NULL,
        place INTEGER, sent_at DOUBLE NOT NULL, not_before DOUBLE, hidden_until DOUBLE, deliveries INTEGER NOT NULL,
        token INTEGER, locked_until DOUBLE, dead_at DOUBLE, reason TEXT, description TEXT,
        CONSTRAINT pk_messages PRIMARY KEY (number),
        CONSTRAINT ck_messages_lease CHECK ((token IS NULL) = (locked_until IS NULL)),
        CONSTRAINT ck_messages_dead CHECK ((dead_at IS NULL) = (reason IS NULL) AND (dead_at IS NULL OR token IS NULL)),
        CONSTRAINT ck_messages_place CHECK (place IS NOT NULL OR not_before IS NOT NULL)
    )""",
    # what was sent lately, so that it is not taken in twice
    """CREATE TABLE message_ids (
        queue TEXT NOT NULL, id TEXT NOT NULL, expires_at DOUBLE NOT NULL,
        CONSTRAINT pk_message_ids PRIMARY KEY (queue, id)
    )""",
    # flow: empty where it is about the project; facts: JSON; level: of the lists of receivers that were told so far
    f"""CREATE TABLE alerts (
        id TEXT NOT NULL, "key" TEXT NOT NULL, kind TEXT NOT NULL, flow TEXT NOT NULL, subject TEXT NOT NULL,
        facts TEXT NOT NULL, opened_at TEXT NOT NULL, told_at TEXT, tellings INTEGER NOT NULL, level INTEGER NOT NULL,
        level_at TEXT, acknowledged_at TEXT, acknowledged_by TEXT, resolved_at TEXT,
        CONSTRAINT pk_alerts PRIMARY KEY (id),
        CONSTRAINT ck_alerts_kind CHECK ({_one_of("kind", AlertKind)}),
        CONSTRAINT ck_alerts_acknowledged CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL))
    )""",
    # key, kind, flow: which alerts are meant; none for any
    """CREATE TABLE silences (
        id TEXT NOT NULL, "key" TEXT, kind TEXT, flow TEXT, until TEXT NOT NULL, reason TEXT NOT NULL,
        made_at TEXT NOT NULL, made_by TEXT NOT NULL, ended_at TEXT, ended_by TEXT,
        CONSTRAINT pk_silences PRIMARY KEY (id)
    )""",
    # id: of the message; body: the message; queued_at: when the queue took it
    f"""CREATE TABLE notices (
        id TEXT NOT NULL, alert TEXT NOT NULL, receiver TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
        made_at TEXT NOT NULL, queued_at TEXT, delivered_at TEXT, failed_at TEXT, fault TEXT NOT NULL,
        CONSTRAINT pk_notices PRIMARY KEY (id),
        CONSTRAINT ck_notices_kind CHECK ({_one_of("kind", NoticeKind)}),
        CONSTRAINT fk_notices_alert_alerts FOREIGN KEY(alert) REFERENCES alerts (id)
    )""",
)

INDEXES = (
    'CREATE INDEX ix_messages_queue_key_place ON messages (queue, "key", place) WHERE dead_at IS NULL',
    # the database refuses a second lease of a key
    'CREATE UNIQUE INDEX uq_messages_leased_key ON messages (queue, "key") WHERE token IS NOT NULL AND "key" <> \'\'',
    "CREATE INDEX ix_message_ids_expires_at ON message_ids (expires_at)",
    'CREATE UNIQUE INDEX uq_alerts_open ON alerts ("key") WHERE resolved_at IS NULL',
    "CREATE INDEX ix_alerts_opened_at ON alerts (opened_at)",
    "CREATE INDEX ix_silences_until ON silences (until)",
    "CREATE INDEX ix_notices_alert ON notices (alert)",
    "CREATE INDEX ix_notices_made_at ON notices (made_at) WHERE queued_at IS NULL",
)
