"""What headgate.toml says of a provider."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.core.errors import ConfigurationError
from headgate.core.identities import ProviderSettings
from headgate.core.roles import Grant, Role
from headgate.settings import read_settings
from headgate.sign_in_settings import provider_settings

LEAST = 'issuer = "https://id.example"\nclient_id = "headgate"'


def read(folder: Path, text: str) -> ProviderSettings | None:
    (folder / "headgate.toml").write_text(f'[project]\nname = "shop"\n{text}\n')
    return provider_settings(read_settings(folder, {}))


def test_no_provider(tmp_path: Path) -> None:
    assert read(tmp_path, "") is None


def test_a_provider(tmp_path: Path) -> None:
    text = f"""[sign_in.oidc]
{LEAST}
client_secret = "oidc-client"
scopes = ["openid", "groups"]
roles_claim = "groups"
[sign_in.oidc.grants]
"lake-reviewers" = ["reviewer:sales", "analyst"]
"lake-admins" = ["admin"]
"""
    found = read(tmp_path, text)
    assert found is not None
    assert (found.client_secret, found.scopes, found.roles_claim) == ("oidc-client", ("openid", "groups"), "groups")
    reviewer, analyst = Grant(role=Role.REVIEWER, flow="sales"), Grant(role=Role.ANALYST)
    assert found.granted(["lake-reviewers", "others"]) == (analyst, reviewer)
    assert found.granted(["lake-reviewers", "lake-admins"]) == (Grant(role=Role.ADMIN), analyst, reviewer)
    assert found.granted([]) == found.granted(["Lake-Admins"]) == ()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('client_id = "x"', "lacks issuer"),
        ('issuer = "https://id.example"', "lacks client_id"),
        (f"{LEAST}\nclient = 1", "'client' is no setting"),
        (f"{LEAST}\nname = 7", "name is 7"),
        (f'{LEAST}\nclient_secret = ""', "client_secret is ''"),
        (f'{LEAST}\nscopes = ["profile"]', "openid"),
        (f"{LEAST}\nscopes = 1", "openid"),
        (f'{LEAST}\ngrants = ["admin"]', "write a line a group"),
        (f'{LEAST}\ngrants = {{a = "admin"}}', "write a line a group"),
        (f'{LEAST}\ngrants = {{a = ["boss"]}}', "'boss' is no role"),
        ('issuer = "http://id.example"\nclient_id = "x"', "must be https"),
    ],
)
def test_what_does_not_fit(tmp_path: Path, lines: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=r"headgate\.toml") as told:
        read(tmp_path, f"[sign_in.oidc]\n{lines}")
    assert said in str(told.value)
