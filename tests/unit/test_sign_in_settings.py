"""What headgate.toml says of a provider."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import fields

from headgate.core.accounts import Account
from headgate.core.errors import ConfigurationError
from headgate.core.identities import ProviderSettings
from headgate.core.replacing import replace
from headgate.core.roles import Grant, Role
from headgate.core.sign_in_rules import SignInRules
from headgate.settings import read_settings
from headgate.sign_in_settings import provider_settings, sign_in_rules

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
acr = ["urn:example:two"]
amr = ["mfa"]
max_age_s = 600
roles_claim = "groups"
[sign_in.oidc.grants]
"lake-reviewers" = ["reviewer:sales", "analyst"]
"lake-admins" = ["admin"]
"""
    found = read(tmp_path, text)
    assert found is not None
    assert (found.client_secret, found.scopes, found.roles_claim) == ("oidc-client", ("openid", "groups"), "groups")
    assert (found.acr, found.amr, found.max_age_s) == (("urn:example:two",), ("mfa",), 600)
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
        (f'{LEAST}\nacr = "two"', "acr is 'two'; write a list"),
        (f"{LEAST}\namr = [1]", "amr is"),
        (f"{LEAST}\nmax_age_s = -1", "number of seconds"),
        (f'{LEAST}\nmax_age_s = "1 h"', "number of seconds"),
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


def rules(folder: Path, text: str) -> SignInRules:
    (folder / "headgate.toml").write_text(f'[project]\nname = "shop"\n{text}\n')
    return sign_in_rules(read_settings(folder, {}))


def test_no_rules(tmp_path: Path) -> None:
    assert rules(tmp_path, "") == rules(tmp_path, f"[sign_in.oidc]\n{LEAST}") == SignInRules()


def test_rules(tmp_path: Path) -> None:
    (tmp_path / "breached.txt").write_text("")
    text = """[sign_in]
second_factor = ["admin", "reviewer"]
sessions = 3
calls_per_minute = 60
refused_words = ["weirworks"]
refused_passwords = "breached.txt"
"""
    found = rules(tmp_path, text)
    assert found == SignInRules(
        second_factor=frozenset({Role.ADMIN, Role.REVIEWER}),
        sessions=3,
        calls_per_minute=60,
        refused_words=("weirworks",),
        refused_passwords=tmp_path / "breached.txt",
    )
    assert rules(tmp_path, '[sign_in]\nsecond_factor = "all"').second_factor == frozenset(Role)


def test_whom_they_ask_for_a_second_factor() -> None:
    asking = SignInRules(second_factor=frozenset({Role.ADMIN}))
    account = Account(id="a-1", name="a", grants=(Grant(role=Role.ADMIN, flow="sales"),), made_at=datetime.now(UTC))
    assert asking.asks(account)
    assert asking.lacks_factor(account)
    assert not asking.lacks_factor(replace(account, second_factor=True))
    assert not asking.asks(replace(account, issuer="https://id.example", subject="1"))  # that is the provider's
    assert not asking.asks(replace(account, grants=(Grant(role=Role.ANALYST),)))
    assert not SignInRules().asks(account)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("second_factors = []", "'second_factors' is no setting"),
        ('second_factor = "admin"', '"all" or a list of'),
        ('second_factor = ["boss"]', '"all" or a list of'),
        ("second_factor = [1]", '"all" or a list of'),
        ("sessions = 0", "write a number"),
        ("calls_per_minute = true", "write a number"),
        ('refused_words = "weir"', "write a list of words"),
        ('refused_words = ["of"]', "4 signs or more"),
        ('refused_passwords = "none.txt"', "no file of"),
    ],
)
def test_rules_that_do_not_fit(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        rules(tmp_path, f"[sign_in]\n{line}")


def test_a_section_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "headgate.toml").write_text('sign_in = 1\n[project]\nname = "shop"\n')
    with pytest.raises(ConfigurationError, match="no section"):
        sign_in_rules(read_settings(tmp_path, {}))


def test_every_rule_is_in_the_docs() -> None:
    text = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
    section = text.partition("[sign_in]\n")[2].partition("```")[0]
    assert [line.split()[0] for line in section.strip().splitlines()] == [field.name for field in fields(SignInRules)]
