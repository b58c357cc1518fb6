"""What only a folder of keys shows: modes, first use by several, damage, and a kill while a key is changed."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headgate.adapters.environment_secrets import EnvironmentSecrets
from headgate.adapters.file_secrets import FileSecrets
from headgate.core.errors import ConfigurationError, NotFoundError, UsageError

START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def secrets(folder: Path) -> FileSecrets:
    drawn = iter(range(1, 100))
    return FileSecrets(folder, name="log", clock=lambda: START, random=lambda size: bytes([next(drawn)]) * size)


def private_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.key"))


def test_modes(folder: Path, secrets: FileSecrets) -> None:
    secrets.sign(b"")
    (private,) = private_files(folder)
    assert [path.stat().st_mode & 0o777 for path in (folder, private)] == [0o700, 0o600]
    assert private.name == f"{secrets.public_keys()[0]['id']}.key"


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_private_key_that_others_can_read_is_refused(folder: Path, secrets: FileSecrets, mode: int) -> None:
    secrets.public_keys()
    private_files(folder)[0].chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        secrets.sign(b"")


def test_a_secret_that_others_can_read_is_refused(folder: Path, secrets: FileSecrets) -> None:
    secrets.public_keys()
    place = folder / "token.secret"
    place.write_text("value", encoding="utf-8")
    place.chmod(0o644)
    with pytest.raises(ConfigurationError, match="others can read it"):
        secrets.get("token")


@pytest.mark.parametrize("name", ["../token", "", "a/b", "public.json", "-x"])
def test_a_name_is_no_path(secrets: FileSecrets, name: str) -> None:
    with pytest.raises(UsageError, match="no name of a secret"):
        secrets.get(name)


def test_the_first_key_is_made_once(folder: Path) -> None:
    ids: list[str] = []
    start = threading.Barrier(8)

    def sign(number: int) -> None:
        own = FileSecrets(folder, name="log", clock=lambda: START, random=lambda size: bytes([number]) * size)
        start.wait()
        ids.append(own.sign(b"")[0])

    threads = [threading.Thread(target=sign, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 8
    assert len(set(ids)) == 1
    assert len(private_files(folder)) == 1


def test_a_rotation_by_another_is_seen(folder: Path, secrets: FileSecrets) -> None:
    before, _ = secrets.sign(b"")
    other = FileSecrets(folder, name="log", clock=lambda: START, random=lambda size: b"z" * size)
    new = other.rotate(START + timedelta(days=1))
    assert secrets.sign(b"")[0] == new != before
    assert [path.stem for path in private_files(folder)] == [new]


def test_a_key_that_was_written_but_not_listed_is_nobody(folder: Path, secrets: FileSecrets) -> None:
    """As a kill between the two files of a rotation leaves it."""
    before, _ = secrets.sign(b"")
    listed = (folder / "public.json").read_text(encoding="utf-8")
    private = private_files(folder)[0].read_text(encoding="utf-8")
    secrets.rotate(START + timedelta(days=1))
    (folder / "public.json").write_text(listed, encoding="utf-8")
    (folder / f"{before}.key").touch(mode=0o600)
    (folder / f"{before}.key").write_text(private, encoding="utf-8")
    assert secrets.sign(b"")[0] == before
    assert secrets.rotate(START + timedelta(days=2)) != before
    assert len(secrets.public_keys()) == 2


def test_a_key_cannot_end_before_it_begins(secrets: FileSecrets) -> None:
    secrets.sign(b"")
    with pytest.raises(UsageError, match="look at the clock"):
        secrets.rotate(START - timedelta(seconds=1))
    assert len(secrets.public_keys()) == 1


def test_a_lost_private_key_is_told_and_can_be_replaced(folder: Path, secrets: FileSecrets) -> None:
    secrets.public_keys()
    private_files(folder)[0].unlink()
    with pytest.raises(ConfigurationError, match="headgate keys rotate"):
        secrets.sign(b"")
    assert secrets.rotate(START + timedelta(days=1)) == secrets.sign(b"")[0]


def test_damage_is_told_without_the_secret(folder: Path, secrets: FileSecrets) -> None:
    secrets.public_keys()
    place = private_files(folder)[0]
    text = place.read_text(encoding="utf-8")
    place.write_text(text.replace("log", "lag"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="no private key") as caught:
        secrets.sign(b"")
    assert text.rpartition("+")[2].strip() not in str(caught.value)
    (folder / "public.json").write_text("[{}]", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="no list of public keys"):
        secrets.public_keys()
    (folder / "public.json").write_text("{", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="no JSON"):
        secrets.public_keys()


def test_a_missing_secret_names_its_place(folder: Path, secrets: FileSecrets) -> None:
    with pytest.raises(NotFoundError, match=str(folder / "token.secret")):
        secrets.get("token")


def test_the_environment_takes_what_the_folder_has(folder: Path, secrets: FileSecrets) -> None:
    secrets.sign(b"")
    secrets.rotate(START + timedelta(days=1))
    private = private_files(folder)[0].read_text(encoding="utf-8").strip()
    listed = (folder / "public.json").read_text(encoding="utf-8")
    environment = {"HEADGATE_SECRET_SIGNING_KEY": private, "HEADGATE_PUBLIC_KEYS": listed}
    assert EnvironmentSecrets(environment).public_keys() == secrets.public_keys()
    assert EnvironmentSecrets(environment).sign(b"x") == secrets.sign(b"x")
    for wrong, said in (
        ("[", "no JSON"),
        (json.dumps(json.loads(listed)[:1]), "0 keys without valid_until"),
        (json.dumps([{**json.loads(listed)[0], "valid_until": None}]), "does not name"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            EnvironmentSecrets({**environment, "HEADGATE_PUBLIC_KEYS": wrong}).public_keys()
    with pytest.raises(ConfigurationError, match="no private key") as caught:
        EnvironmentSecrets({"HEADGATE_SECRET_SIGNING_KEY": "PRIVATE+KEY+secret-part"}).sign(b"")
    assert "secret-part" not in str(caught.value)
