"""The scan of whole files, with real commands: what is clean, what is not, and what gives no answer."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest

from headgate.adapters.sqlite_ledger import SqliteLedger
from headgate.adapters.sqlite_upload_links import SqliteUploadLinks
from headgate.core.errors import UploadRefusedError
from headgate.upload_admission import TOLD_AFTER, scanned
from headgate.uploads.records import NewUpload, Upload, UploadState
from headgate.uploads.refusals import Refusal
from headgate.uploads.scanning import AT_ONCE, Scan
from headgate.uploads.store import UploadStore

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
# The test text of the antivirus vendors, put together here so that no scanner takes this file for it.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
SCANNER = """#!/bin/sh
case "$1" in *[!a-z0-9/_.-]*) exit 9;; esac
if grep -q EICAR-STANDARD "$1"; then echo; echo "$1: Eicar-Test-Signature FOUND"; exit 1; fi
echo "$1: OK"
"""


class Scanned:
    """A store whose files a script scans."""

    def __init__(self, folder: Path, timeout_s: float) -> None:
        self.script = folder / "scan.sh"
        self.taken: list[str] = []
        self.warned: list[str] = []
        url = f"sqlite:///{folder / 'ledger.db'}"
        self.ledger = SqliteLedger(url)
        self.links = SqliteUploadLinks(url)
        scan = Scan([str(self.script), "{file}"], timeout_s=timeout_s)
        self.store = UploadStore(
            folder / "uploads",
            take=scanned(self._take, scan, self.links, lambda: NOW, self.warned.append),
            clock=lambda: NOW,
            random_bytes=os.urandom,
        )
        self.writes(SCANNER)

    def writes(self, script: str) -> None:
        self.script.write_text(script, encoding="utf-8")
        self.script.chmod(0o700)

    def send(self, content: bytes) -> Upload:
        upload = self.store.create(NewUpload(owner="a-1", length_bytes=len(content)))
        append = self.store.append(upload.upload_id, "a-1", 0)
        append.write(content)
        return append.finish()

    def events(self) -> list[str]:
        return [json.loads(leaf)["type"] for leaf in self.ledger.leaves()]

    def close(self) -> None:
        self.store.close()
        self.links.close()
        self.ledger.close()

    def _take(self, upload: Upload, path: Path, sha256: str) -> None:
        del path, sha256
        self.taken.append(upload.upload_id)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Scanned]]:
    made: list[Scanned] = []

    def make_scanned(*, timeout_s: float = 30.0) -> Scanned:
        made.append(Scanned(tmp_path, timeout_s))
        return made[-1]

    yield make_scanned
    for one in made:
        one.close()


def test_a_clean_file_is_taken(make: Callable[..., Scanned]) -> None:
    scanned = make()
    upload = scanned.send(b"plain text")
    assert (upload.state, scanned.taken) == (UploadState.TAKEN, [upload.upload_id])


def test_what_the_scan_finds_is_refused_and_nothing_is_kept(make: Callable[..., Scanned], tmp_path: Path) -> None:
    scanned = make()
    with pytest.raises(UploadRefusedError, match=r"did not pass the scan.*Eicar-Test-Signature") as refused:
        scanned.send(b"before\n" + EICAR + b"\nafter")
    assert refused.value.code == Refusal.SCAN
    assert str(tmp_path) not in str(refused.value)
    assert (scanned.taken, scanned.events()) == ([], ["upload_refused_by_scan"])
    assert not list((tmp_path / "uploads").glob("*.bytes"))
    (upload,) = scanned.store.all()
    with pytest.raises(UploadRefusedError, match="Eicar-Test-Signature") as gone:
        scanned.store.look(upload.upload_id, "a-1")
    assert gone.value.code == Refusal.GONE


@pytest.mark.parametrize(
    "script",
    ["#!/bin/sh\necho broken >&2; exit 2\n", "#!/bin/sh\nkill -9 $$\n", "#!/no/such/program\n"],
    ids=["status 2", "killed", "cannot run"],
)
def test_no_answer_is_no_leave_and_is_asked_again_and_told(make: Callable[..., Scanned], script: str) -> None:
    scanned = make()
    scanned.writes(script)
    upload = scanned.send(b"waits")
    assert (upload.state, scanned.taken, scanned.warned) == (UploadState.COMPLETE, [], [])
    for _ in range(TOLD_AFTER + 1):
        scanned.store.sweep(NOW)
    assert (len(scanned.warned), scanned.events()) == (1, ["upload_scan_failed"])
    scanned.writes(SCANNER)
    scanned.store.sweep(NOW)
    assert scanned.taken == [upload.upload_id]


def test_a_scan_has_an_end_and_leaves_no_process(make: Callable[..., Scanned], tmp_path: Path) -> None:
    scanned = make(timeout_s=0.3)
    pid = tmp_path / "pid"
    scanned.writes(f"#!/bin/sh\nsleep 60 & echo $! > {pid}\nwait\n")
    begun = time.monotonic()
    assert scanned.send(b"waits").state is UploadState.COMPLETE
    assert time.monotonic() - begun < 10
    child = Path("/proc") / pid.read_text("ascii").strip() / "stat"
    assert not child.exists() or child.read_text("ascii").rpartition(")")[2].split()[0] == "Z"


def test_a_scanner_may_say_much(make: Callable[..., Scanned]) -> None:
    scanned = make()
    scanned.writes("#!/bin/sh\nhead -c 3000000 /dev/zero | tr '\\0' x\nexit 1\n")
    with pytest.raises(UploadRefusedError) as refused:
        scanned.send(b"x")
    assert len(str(refused.value)) < 500


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    scan = Scan(["/bin/sh", "-c", "exit 0", f"; touch {tmp_path / 'hacked'}", "{file}"], timeout_s=10)
    assert scan.refusal(tmp_path / "$(touch hacked) ; touch hacked") is None
    assert list(tmp_path.iterdir()) == []


def test_those_that_find_no_slot_wait_and_hold_nothing(make: Callable[..., Scanned], tmp_path: Path) -> None:
    scanned = make()
    scanned.writes(f"#!/bin/sh\nwhile [ ! -e {tmp_path / 'go'} ]; do sleep 0.02; done\n")
    threads = [Thread(target=scanned.send, args=(b"slow",)) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    until = time.monotonic() + 20
    while sum(one.state is UploadState.COMPLETE for one in scanned.store.all()) < AT_ONCE:
        assert time.monotonic() < until
        time.sleep(0.01)
    time.sleep(0.2)  # both are in their scan
    late = scanned.send(b"late")
    assert (late.state, scanned.warned) == (UploadState.COMPLETE, [])
    (tmp_path / "go").touch()
    for thread in threads:
        thread.join()
    scanned.store.sweep(NOW)
    assert len(scanned.taken) == AT_ONCE + 1
