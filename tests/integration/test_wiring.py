"""The embedded platform as it is opened: what was begun beside it ends where it cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.core.errors import ConfigurationError
from headgate.settings import FILE, read_settings
from headgate.wiring import open_platform


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / FILE).write_text('[project]\nname = "wired"\n')
    return tmp_path


def test_engines_opened_ahead_are_given(folder: Path) -> None:
    settings = read_settings(folder, {})
    platform = open_platform(settings, {}, ahead=True)
    platform.prepare()
    for streaming in (True, False):
        engine = platform.engine(streaming=streaming)
        assert engine.rows("SELECT 1") == [(1,)]
        engine.close()
    assert len(list(settings.stage.iterdir())) == 2
    platform.close()
    assert list(settings.stage.iterdir()) == []


def test_engines_opened_ahead_end_where_the_ledger_cannot_be_opened(folder: Path) -> None:
    settings = read_settings(folder, {})
    (folder / "ledger.db").write_bytes(b"no database " * 100)
    with pytest.raises(ConfigurationError):
        open_platform(settings, {}, ahead=True)
    assert list(settings.stage.iterdir()) == []
