"""Upload links, and what was sent, in the ledger's database."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from headgate.adapters import sqlite_log as log
from headgate.adapters.sqlite_codec import (
    decode_optional_time,
    decode_texts,
    decode_time,
    encode_json,
    encode_optional_time,
    encode_time,
)
from headgate.adapters.sqlite_database import BUSY_TIMEOUT_S, Database
from headgate.adapters.sqlite_statements import first_value, insert, listed
from headgate.core.records import Event
from headgate.core.upload_links import DAY, Room, SentUpload, UploadLink, UploadLinks, Used

_ENTER = (
    "INSERT INTO sent_uploads (upload, owner, name, size_bytes, begun_at, delivery) "
    "VALUES (:upload, :owner, :name, :size_bytes, :begun_at, :delivery) "
    "ON CONFLICT (upload) DO UPDATE SET size_bytes = :size_bytes"
)
_REVOKE = "UPDATE upload_links SET revoked_at = :at WHERE id = :id AND revoked_at IS NULL"


class SqliteUploadLinks(UploadLinks):
    """Upload links by the URL of the ledger's database. Threads may share one."""

    def __init__(self, url: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self._database = Database(url, busy_timeout_s=busy_timeout_s)

    def add(self, link: UploadLink) -> None:
        """Enter a link, with the event `upload_link_made`; neither secret nor label is in it."""
        fields = {
            "link": link.id,
            "flow": link.flow,
            "by": link.made_by,
            "files": link.most_files,
            "size_bytes": link.most_bytes,
            "expires_at": encode_time(link.expires_at),
        }
        with self._database.writing() as connection:
            insert(connection, "upload_links", [_encode(link)])
            log.append_events(connection, [Event(type="upload_link_made", fields=fields)], at=link.made_at)

    def by_secret(self, secret: str) -> UploadLink | None:
        """The link whose secret has this SHA-256, whatever became of it."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT * FROM upload_links WHERE secret = :it", {"it": secret}).fetchone()
        return None if row is None else _decode(row)

    def links(self, *, ids: Collection[str] | None = None, flows: Collection[str] | None = None) -> list[UploadLink]:
        """Links, the newest first."""
        conditions, values = [], dict[str, object]()
        for column, wanted in (("id", ids), ("flow", flows)):
            if wanted is not None:
                places, bound = listed(sorted(wanted), column)
                conditions.append(f"{column} IN ({places})")
                values |= bound
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        with self._database.reading() as connection:
            rows = connection.execute(f"SELECT * FROM upload_links{where} ORDER BY made_at DESC, id", values)
            return [_decode(row) for row in rows]

    def revoke(self, id_: str, *, at: datetime, by: str) -> bool:
        """End a link, with the event `upload_link_revoked`; False where it was ended before, or there is none."""
        with self._database.writing() as connection:
            ended = connection.execute(_REVOKE, {"at": encode_time(at), "id": id_}).rowcount > 0
            if ended:
                event = Event(type="upload_link_revoked", fields={"link": id_, "by": by})
                log.append_events(connection, [event], at=at)
        return ended

    def used(self, ids: Collection[str]) -> Mapping[str, Used]:
        """What is gone of each of these links."""
        places, values = listed(sorted(ids))
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT owner, count(*), coalesce(sum(size_bytes), 0) FROM sent_uploads "
                f"WHERE owner IN ({places}) GROUP BY owner",
                values,
            ).fetchall()
        gone = {owner: Used(files=files, size_bytes=size) for owner, files, size in rows}
        return {id_: gone.get(id_, Used()) for id_ in ids}

    def enter(self, sent: SentUpload, *, day_bytes: int, instead_of: Collection[str] = ()) -> Room:
        """Count an upload if it fits its sender's limits, or count it anew with another size."""
        others = {sent.upload, *instead_of}
        with self._database.writing() as connection:
            room = _room(connection, sent, day_bytes, others)
            if room is Room.FITS:
                connection.execute(_ENTER, _encode_sent(sent))
        return room

    def leave(self, upload: str) -> None:
        """Let an upload count no more, unless it has landed."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM sent_uploads WHERE upload = :it AND delivery IS NULL", {"it": upload})

    def land(self, upload: str, delivery: str) -> None:
        """Note what an upload became; nothing where it does not count."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE sent_uploads SET delivery = :delivery WHERE upload = :upload",
                {"delivery": delivery, "upload": upload},
            )

    def sent(self, owner: str, *, uploads: Collection[str] | None = None, most: int) -> list[SentUpload]:
        """What an owner sent, the newest first."""
        condition, values = "", dict[str, object]()
        if uploads is not None:
            places, values = listed(sorted(uploads))
            condition = f" AND upload IN ({places})"
        with self._database.reading() as connection:
            rows = connection.execute(
                f"SELECT * FROM sent_uploads WHERE owner = :owner{condition} "
                "ORDER BY begun_at DESC, upload LIMIT :most",
                {**values, "owner": owner, "most": most},
            )
            return [_decode_sent(row) for row in rows]

    def leave_all_but(self, uploads: Collection[str]) -> int:
        """Let those count no more that have not landed and are none of these; how many."""
        kept = frozenset(uploads)
        with self._database.writing() as connection:
            open_ones = connection.execute("SELECT upload FROM sent_uploads WHERE delivery IS NULL").fetchall()
            lost = [{"it": upload} for (upload,) in open_ones if upload not in kept]
            connection.executemany("DELETE FROM sent_uploads WHERE upload = :it", lost)
        return len(lost)

    def tell(self, event: Event, *, at: datetime) -> None:
        """Write an event that changes nothing here."""
        with self._database.writing() as connection:
            log.append_events(connection, [event], at=at)

    def close(self) -> None:
        """Give connections back."""
        self._database.close()


def _room(connection: sqlite3.Connection, sent: SentUpload, day_bytes: int, but: Collection[str]) -> Room:
    row = connection.execute("SELECT * FROM upload_links WHERE id = :owner", {"owner": sent.owner}).fetchone()
    places, values = listed(sorted(but))
    values |= {"owner": sent.owner, "since": encode_time(sent.begun_at - DAY)}
    counted = f"FROM sent_uploads WHERE owner = :owner AND upload NOT IN ({places})"
    if row is not None:
        link = _decode(row)
        files = first_value(connection, f"SELECT count(*) {counted}", values)
        size = first_value(connection, f"SELECT coalesce(sum(size_bytes), 0) {counted}", values)
        if not link.holds(sent.begun_at) or files >= link.most_files:
            return Room.LINK_OVER
        if size + sent.size_bytes > link.most_bytes:
            return Room.LINK_FULL
    today = first_value(connection, f"SELECT coalesce(sum(size_bytes), 0) {counted} AND begun_at > :since", values)
    return Room.DAY_FULL if today + sent.size_bytes > day_bytes else Room.FITS


def _encode(link: UploadLink) -> dict[str, Any]:
    return {
        "id": link.id,
        "secret": link.secret,
        "flow": link.flow,
        "label": link.label,
        "patterns": encode_json(link.patterns),
        "most_files": link.most_files,
        "most_bytes": link.most_bytes,
        "made_by": link.made_by,
        "made_at": encode_time(link.made_at),
        "expires_at": encode_time(link.expires_at),
        "revoked_at": encode_optional_time(link.revoked_at),
    }


def _decode(row: sqlite3.Row) -> UploadLink:
    return UploadLink(
        id=row["id"],
        secret=row["secret"],
        flow=row["flow"],
        label=row["label"],
        patterns=decode_texts(row["patterns"]),
        most_files=row["most_files"],
        most_bytes=row["most_bytes"],
        made_by=row["made_by"],
        made_at=decode_time(row["made_at"]),
        expires_at=decode_time(row["expires_at"]),
        revoked_at=decode_optional_time(row["revoked_at"]),
    )


def _encode_sent(sent: SentUpload) -> dict[str, Any]:
    return {
        "upload": sent.upload,
        "owner": sent.owner,
        "name": sent.name,
        "size_bytes": sent.size_bytes,
        "begun_at": encode_time(sent.begun_at),
        "delivery": sent.delivery,
    }


def _decode_sent(row: sqlite3.Row) -> SentUpload:
    return SentUpload(
        upload=row["upload"],
        owner=row["owner"],
        name=row["name"],
        size_bytes=row["size_bytes"],
        begun_at=decode_time(row["begun_at"]),
        delivery=row["delivery"],
    )
