from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec.structs import fields

from headgate.core.errors import ConfigurationError
from headgate.settings import DEFAULTS, Settings, read_settings
from headgate.uploads.policy import KNOWN

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"
MINIMAL = '[project]\nname = "shop"\n'


def project(folder: Path, text: str = MINIMAL) -> Path:
    (folder / "headgate.toml").write_text(text, encoding="utf-8")
    return folder


def test_defaults_lie_in_the_project(tmp_path: Path) -> None:
    settings = read_settings(project(tmp_path), {})
    assert settings.lake == tmp_path.resolve() / "lake"
    assert settings.memory_bytes == 512 << 20
    assert settings.ledger == f"sqlite:///{tmp_path.resolve() / 'ledger.db'}"


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    folder = project(tmp_path, MINIMAL + '[run]\nmemory_limit = "1 GiB"\nworkers = 3\n')
    assert read_settings(folder, {}).memory_bytes == 1 << 30
    settings = read_settings(folder, {"HEADGATE_MEMORY_LIMIT": "256 MiB"})
    assert (settings.memory_bytes, settings.workers) == (256 << 20, 3)


def test_what_is_given_goes_before_both(tmp_path: Path) -> None:
    assert read_settings(project(tmp_path), {"HEADGATE_WORKERS": "2"}, workers=5).workers == 5


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[run]\nworkers = 1\n", "lacks the project's name"),
        (MINIMAL + "[run]\nworker = 1\n", "'worker' is no setting"),
        (MINIMAL + '[run]\nmemory_limit = "lots"\n', 'write a size such as "512 MiB"'),
        (MINIMAL + "[run]\nquery_s = -1\n", "write seconds such as 60, or 0 for no limit"),
        (MINIMAL + '[run]\nstatement_s = "1 h"\n', "write seconds such as 60, or 0 for no limit"),
        (MINIMAL + "[run]\nquery_s = nan\n", "write seconds such as 60, or 0 for no limit"),
        (MINIMAL + "[uploads]\nfiles = 1\n", "'files' is no setting of [uploads]"),
        (MINIMAL + '[uploads]\nday = "much"\n', 'write a size such as "2 GiB"'),
        (MINIMAL + '[uploads]\nscan = "clamdscan {file}"\n', "write a list of words"),
        (MINIMAL + '[uploads]\nscan = ["clamdscan"]\n', "with {file} in it"),
        (MINIMAL + "[uploads]\nscan_timeout_s = 0\n", "no number above 0"),
        ('[project]\nname = "My Shop"\n', "is not of a-z"),
        ("[project\n", "is no TOML"),
    ],
    ids=[
        "no name",
        "unknown",
        "no size",
        "below 0 seconds",
        "no seconds",
        "no number of seconds",
        "unknown of uploads",
        "no size of uploads",
        "a command that is no list",
        "a command without a file",
        "no time",
        "bad name",
        "no TOML",
    ],
)
def test_what_does_not_fit_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(told)):
        read_settings(project(tmp_path, text), {})


def test_a_missing_project_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="headgate init"):
        read_settings(tmp_path, {})


def test_every_setting_is_in_the_docs() -> None:
    text = DOCS.read_text(encoding="utf-8")
    written = {"memory_bytes": "memory_limit", "window_bytes": "window", "batch_bytes": "batch_size"}
    names = {written.get(field.name, field.name) for field in fields(Settings)} - {"folder", "uploading"}
    names |= {*DEFAULTS, *KNOWN}
    assert [name for name in sorted(names) if f"{name} = " not in text] == []
