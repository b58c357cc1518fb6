"""What every keeper of upload links must do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headgate.adapters.sqlite_ledger import SqliteLedger
from headgate.adapters.sqlite_upload_links import SqliteUploadLinks
from headgate.core.records import Arrival
from headgate.core.replacing import replace
from headgate.core.upload_links import DAY, Room, SentUpload, UploadLink, UploadLinks, Used

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
MUCH = 1 << 40


def link(id_: str = "u-1", *, files: int = 3, size_bytes: int = 1000) -> UploadLink:
    return UploadLink(
        id=id_,
        secret=f"hash of {id_}",
        flow="sales",
        label="Harbour Stores",
        patterns=("sales_*.json",),
        most_files=files,
        most_bytes=size_bytes,
        made_by="a-1",
        made_at=AT,
        expires_at=AT + timedelta(days=3),
    )


def sent(upload: str, size_bytes: int = 10, *, owner: str = "u-1", at: datetime = AT) -> SentUpload:
    return SentUpload(upload=upload, owner=owner, name="x.json", size_bytes=size_bytes, begun_at=at)


class UploadLinksContract:
    """Inherit, and give `links`, `events` and `delivery`, the id of one that there is."""

    def test_a_link_is_found_by_its_secret_and_by_its_flow(self, links: UploadLinks) -> None:
        links.add(link())
        links.add(replace(link("u-2"), flow="retail"))
        assert links.by_secret("hash of u-1") == link()
        assert links.by_secret("another") is None
        assert [one.id for one in links.links()] == ["u-1", "u-2"]
        assert [one.id for one in links.links(flows=["retail"])] == ["u-2"]
        assert links.links(ids=[]) == links.links(flows=[]) == []

    def test_a_link_and_its_end_are_events_without_label_and_secret(
        self, links: UploadLinks, events: list[dict[str, object]]
    ) -> None:
        links.add(link())
        assert links.revoke("u-1", at=AT, by="a-2")
        assert not links.revoke("u-1", at=AT, by="a-2")
        assert not links.revoke("u-none", at=AT, by="a-2")
        assert [event["type"] for event in events] == ["upload_link_made", "upload_link_revoked"]
        assert "Harbour" not in json.dumps(events)
        assert "hash of" not in json.dumps(events)
        found = links.by_secret("hash of u-1")
        assert found is not None
        assert (found.revoked_at, found.holds(AT)) == (AT, False)

    def test_a_link_takes_so_many_files(self, links: UploadLinks) -> None:
        links.add(link(files=2))
        rooms = [links.enter(sent(str(number)), day_bytes=MUCH) for number in range(3)]
        assert rooms == [Room.FITS, Room.FITS, Room.LINK_OVER]
        links.leave("0")
        assert links.enter(sent("3"), day_bytes=MUCH) is Room.FITS
        assert links.used(["u-1", "u-2"]) == {"u-1": Used(files=2, size_bytes=20), "u-2": Used()}

    def test_a_link_takes_so_many_bytes(self, links: UploadLinks) -> None:
        links.add(link(size_bytes=100))
        assert links.enter(sent("a", 60), day_bytes=MUCH) is Room.FITS
        assert links.enter(sent("b", 41), day_bytes=MUCH) is Room.LINK_FULL
        assert links.enter(sent("b", 40), day_bytes=MUCH) is Room.FITS
        assert links.enter(sent("b", 41), day_bytes=MUCH) is Room.LINK_FULL
        assert links.used(["u-1"])["u-1"].size_bytes == 100  # what did not fit changed nothing

    def test_what_takes_the_place_of_others_does_not_count_beside_them(self, links: UploadLinks) -> None:
        links.add(link(files=3, size_bytes=100))
        for part in ("a", "b"):
            links.enter(sent(part, 50), day_bytes=MUCH)
        assert links.enter(sent("whole", 100), day_bytes=MUCH) is Room.LINK_FULL
        assert links.enter(sent("whole", 100), day_bytes=MUCH, instead_of=["a", "b"]) is Room.FITS

    def test_an_ended_link_takes_nothing(self, links: UploadLinks) -> None:
        links.add(link())
        late = AT + timedelta(days=3)
        assert links.enter(sent("a", at=late - timedelta(microseconds=1)), day_bytes=MUCH) is Room.FITS
        assert links.enter(sent("b", at=late), day_bytes=MUCH) is Room.LINK_OVER
        links.revoke("u-1", at=AT, by="a-1")
        assert links.enter(sent("c"), day_bytes=MUCH) is Room.LINK_OVER

    def test_a_day_moves_along_and_is_each_senders_own(self, links: UploadLinks) -> None:
        def day(upload: str, size_bytes: int, at: datetime, owner: str = "a-1") -> Room:
            return links.enter(sent(upload, size_bytes, owner=owner, at=at), day_bytes=100)

        assert day("a", 70, AT) is Room.FITS
        assert day("b", 31, AT + DAY - timedelta(seconds=1)) is Room.DAY_FULL
        assert day("b", 31, AT, "a-2") is Room.FITS
        assert day("c", 31, AT + DAY) is Room.FITS

    def test_of_many_at_once_only_so_many_get_in(self, links: UploadLinks) -> None:
        links.add(link(files=5, size_bytes=1000))
        links.add(link("u-2", files=100, size_bytes=70))
        with ThreadPoolExecutor(8) as pool:
            by_number = pool.map(lambda n: links.enter(sent(f"n{n}"), day_bytes=MUCH), range(24))
            by_size = pool.map(lambda n: links.enter(sent(f"s{n}", 20, owner="u-2"), day_bytes=MUCH), range(24))
            by_day = pool.map(lambda n: links.enter(sent(f"d{n}", 20, owner="a-1"), day_bytes=90), range(24))
            counts = [sum(room is Room.FITS for room in rooms) for rooms in (by_number, by_size, by_day)]
        assert counts == [5, 3, 4]

    def test_what_has_landed_stays_counted(self, links: UploadLinks, delivery: str) -> None:
        links.add(link())
        for upload in ("a", "b", "c"):
            links.enter(sent(upload), day_bytes=MUCH)
        links.land("a", delivery)
        links.land("none", delivery)
        links.leave("a")
        assert links.leave_all_but(["b"]) == 1
        assert {one.upload: one.delivery for one in links.sent("u-1", most=9)} == {"a": delivery, "b": None}
        assert [one.upload for one in links.sent("u-1", uploads=["b", "zz"], most=9)] == ["b"]
        assert links.sent("u-2", most=9) == links.sent("u-1", uploads=[], most=9) == []
        assert len(links.sent("u-1", most=1)) == 1


class _Events(list[dict[str, object]]):
    """The log, read when it is looked at."""

    def __init__(self, ledger: SqliteLedger) -> None:
        super().__init__()
        self._ledger = ledger

    def __iter__(self) -> Iterator[dict[str, object]]:
        return (json.loads(leaf) for leaf in self._ledger.leaves())


class TestSqliteUploadLinks(UploadLinksContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'ledger.db'}"

    @pytest.fixture
    def ledger(self, url: str) -> Iterator[SqliteLedger]:
        opened = SqliteLedger(url)
        yield opened
        opened.close()

    @pytest.fixture
    def events(self, ledger: SqliteLedger) -> list[dict[str, object]]:
        return _Events(ledger)

    @pytest.fixture
    def delivery(self, ledger: SqliteLedger) -> str:
        arrival = Arrival(
            flow="sales", name="x.json", origin="x", sender="s", sha256="0" * 64, size_bytes=1, form={"format": "json"}
        )
        return ledger.register([arrival], run="r", at=AT)[0].id

    @pytest.fixture
    def links(self, url: str) -> Iterator[UploadLinks]:
        opened = SqliteUploadLinks(url)
        yield opened
        opened.close()
