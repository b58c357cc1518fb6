"""What every Secrets does, shown on each implementation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from headgate.adapters.environment_secrets import EnvironmentSecrets
from headgate.adapters.file_secrets import FileSecrets
from headgate.core.errors import NotFoundError, UsageError
from headgate.core.ports import Secrets
from headgate.core.signing_keys import PrivateKey, PublicKey, parse_public_key
from headgate.testing import MemorySecrets

NAME = "example.org/log"
START = datetime(2026, 3, 1, tzinfo=UTC)


def counting_random() -> Any:  # noqa: ANN401  a callable
    drawn = iter(range(1, 100))
    return lambda size: bytes([next(drawn)]) * size


def verifier(described: Mapping[str, Any]) -> PublicKey:
    return parse_public_key(f"{described['name']}+{described['id']}+{described['base64']}")


class SecretsContract:
    """Inherit and give the fixture `secrets`, with the secret `smtp-password` = `hunter2` and a key named NAME."""

    def test_gives_a_secret(self, secrets: Secrets) -> None:
        assert secrets.get("smtp-password") == "hunter2"

    def test_names_what_is_missing(self, secrets: Secrets) -> None:
        with pytest.raises(NotFoundError, match="no secret"):
            secrets.get("nowhere")

    def test_its_own_secret_stays(self, secrets: Secrets) -> None:
        assert secrets.own("smtp-password") == "hunter2"

    def test_its_public_key_verifies_what_it_signs(self, secrets: Secrets) -> None:
        key_id, signature = secrets.sign(b"message")
        (described,) = secrets.public_keys()
        assert described["id"] == key_id
        assert described["valid_until"] is None
        key = verifier(described)
        assert key.name == NAME
        assert key.verifies(b"message", signature)
        assert not key.verifies(b"massage", signature)

    def test_signs_the_same_twice(self, secrets: Secrets) -> None:
        assert secrets.sign(b"message") == secrets.sign(b"message")

    def test_public_keys_are_ready_for_json(self, secrets: Secrets) -> None:
        assert json.loads(json.dumps(secrets.public_keys())) == secrets.public_keys()
        assert set(secrets.public_keys()[0]) == {"id", "name", "base64", "valid_from", "valid_until"}


class RotationContract(SecretsContract):
    """For those that can write."""

    def test_its_own_secret_is_made_where_it_is_not_there(self, secrets: Secrets) -> None:
        made = secrets.own("sealing")
        assert len(made) >= 64
        assert secrets.own("sealing") == secrets.get("sealing") == made
        assert secrets.own("another") != made

    def test_a_new_key_signs_and_the_old_stays_known(self, secrets: Secrets) -> None:
        old_id, old_signature = secrets.sign(b"before")
        later = START + timedelta(days=30)
        new_id = secrets.rotate(later)
        signer, signature = secrets.sign(b"after")
        first, second = secrets.public_keys()
        assert (first["id"], second["id"]) == (old_id, new_id)
        assert signer == new_id != old_id
        assert first["valid_until"] == second["valid_from"] == "2026-03-31T00:00:00.000000Z"
        assert verifier(first).verifies(b"before", old_signature)
        assert verifier(second).verifies(b"after", signature)

    def test_ends_only_what_has_no_end(self, secrets: Secrets) -> None:
        secrets.sign(b"")
        for days in (1, 2, 3):
            secrets.rotate(START + timedelta(days=days))
        keys = secrets.public_keys()
        assert [key["valid_until"] for key in keys[:-1]] == [key["valid_from"] for key in keys[1:]]
        assert keys[-1]["valid_until"] is None


class TestMemorySecrets(RotationContract):
    @pytest.fixture
    def secrets(self) -> Secrets:
        return MemorySecrets({"smtp-password": "hunter2"}, name=NAME, clock=lambda: START, random=counting_random())


class TestFileSecrets(RotationContract):
    @pytest.fixture
    def secrets(self, tmp_path: Path) -> Secrets:
        folder = tmp_path / "keys"
        folder.mkdir(mode=0o700)
        secret = folder / "smtp-password.secret"
        secret.touch(mode=0o600)
        secret.write_text("hunter2\n", encoding="utf-8")
        return FileSecrets(folder, name=NAME, clock=lambda: START, random=counting_random())


class TestEnvironmentSecrets(SecretsContract):
    @pytest.fixture
    def secrets(self) -> Secrets:
        key = PrivateKey(name=NAME, seed=bytes(32)).to_text()
        return EnvironmentSecrets({"HEADGATE_SECRET_SMTP_PASSWORD": "hunter2", "HEADGATE_SECRET_SIGNING_KEY": key})

    def test_cannot_rotate_and_says_what_to_do(self, secrets: Secrets) -> None:
        with pytest.raises(UsageError, match="HEADGATE_SECRET_SIGNING_KEY"):
            secrets.rotate(START)
