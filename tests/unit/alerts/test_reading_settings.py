"""`[alerts]` of headgate.toml."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import fields

from headgate.alerts.reading_settings import read_alert_settings
from headgate.alerts.settings import AlertSettings, MailServer, Receiver, ReceiverKind, Security
from headgate.core.alerts import AlertKind
from headgate.core.errors import ConfigurationError

DOCS = Path(__file__).parents[3] / "docs"
MAIL = '[alerts.mail]\nhost = "mail.example.org"\nfrom = "headgate@example.org"\n'
HOOK = '[alerts.receivers.hook]\nkind = "slack"\nurl = "https://hooks.example.org/x"\n'


def read(folder: Path, text: str) -> AlertSettings:
    (folder / "headgate.toml").write_text('[project]\nname = "shop"\n' + text, encoding="utf-8")
    return read_alert_settings(folder)


def test_nothing_said_tells_nobody(tmp_path: Path) -> None:
    assert read(tmp_path, "") == AlertSettings()


def test_all_that_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("", encoding="ascii")
    text = """[alerts]
url = "https://headgate.example.org/"
again_after = "2 h"
escalate_after = "10 min"
slow_after = "90 s"
review_within = "1 day"
audit_every = "2 days"
backlog = 5
storage_quota = "50 GiB"
levels = [["ops", "hook"], ["signed"]]
[alerts.mail]
host = "mail.example.org"
port = 2525
security = "tls"
from = "headgate@example.org"
user = "u"
password_secret = "mail"
ca = "ca.pem"
[alerts.receivers.ops]
kind = "email"
to = ["a@example.org", "b@example.org"]
flows = ["sales"]
kinds = ["failed", "audit"]
[alerts.receivers.hook]
kind = "teams"
url_secret = "teams-url"
[alerts.receivers.signed]
kind = "json"
url = "http://127.0.0.1:9000/alerts"
secret = "hook"
ca = "ca.pem"
"""
    ca = tmp_path / "ca.pem"
    assert read(tmp_path, text) == AlertSettings(
        url="https://headgate.example.org",
        again_after_s=7200,
        escalate_after_s=600,
        levels=(("ops", "hook"), ("signed",)),
        slow_after_s=90,
        backlog=5,
        review_within_s=86_400,
        storage_quota_bytes=50 << 30,
        audit_every_s=172_800,
        mail=MailServer(
            host="mail.example.org",
            port=2525,
            security=Security.TLS,
            sender="headgate@example.org",
            user="u",
            password_secret="mail",  # noqa: S106  a name
            ca=ca,
        ),
        receivers={
            "ops": Receiver(
                name="ops",
                kind=ReceiverKind.EMAIL,
                to=("a@example.org", "b@example.org"),
                flows=("sales",),
                kinds=(AlertKind.FAILED, AlertKind.AUDIT),
            ),
            "hook": Receiver(name="hook", kind=ReceiverKind.TEAMS, url_secret="teams-url"),  # noqa: S106  a name
            "signed": Receiver(
                name="signed",
                kind=ReceiverKind.JSON,
                url="http://127.0.0.1:9000/alerts",
                secret="hook",  # noqa: S106  a name
                ca=ca,
            ),
        },
    )


def test_one_list_of_all_where_none_is_given(tmp_path: Path) -> None:
    found = read(tmp_path, MAIL + HOOK)
    assert found.levels == (("hook",),)
    assert found.mail is not None
    assert (found.mail.port, found.mail.security) == (587, Security.STARTTLS)


def test_who_is_for_people_stands_in_a_list_only_where_it_is_named(tmp_path: Path) -> None:
    people = 'people = ["anna", "Harbour Stores"]\n'
    alone = read(tmp_path, HOOK + people)
    assert (alone.levels, alone.receivers["hook"].people) == ((), ("anna", "Harbour Stores"))
    other = HOOK.replace("hook]", "other]")
    assert read(tmp_path, HOOK + people + other).levels == (("other",),)
    assert read(tmp_path, '[alerts]\nlevels = [["hook", "other"]]\n' + HOOK + people + other).levels == (
        ("hook", "other"),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('alerts = "x"\n', "no table"),
        ("[alerts]\nagain = 3\n", "no setting of .alerts.. Did you mean 'again_after'"),
        ('[alerts]\nagain_after = "soon"\n', "a number and one of s, min, h, day"),
        ('[alerts]\nagain_after = "0 h"\n', "a number and one of"),
        ("[alerts]\nbacklog = 0\n", "whole number from 1"),
        ("[alerts]\nbacklog = true\n", "whole number from 1"),
        ('[alerts]\nstorage_quota = "50 GB"\n', "MiB, GiB, TiB"),
        ('[alerts]\nurl = "http://headgate.example.org"\n', "is not encrypted"),
        (HOOK + 'secret = "x"\n', "reads no signature"),
        (HOOK + 'to = ["a@example.org"]\n', "no `to`"),
        (HOOK + 'url_secret = "x"\n', "one of them"),
        (HOOK + 'ca = "none.pem"\n', "is no file"),
        (HOOK + 'kinds = ["fail"]\n', "Did you mean 'failed'"),
        (HOOK + "flows = 3\n", "list of texts"),
        (HOOK + "what = 3\n", "no setting of .alerts.receivers.hook."),
        ('[alerts]\nlevels = [["hook", "nobody"]]\n' + HOOK, "no .alerts.receivers.nobody."),
        ('[alerts]\nlevels = ["hook"]\n' + HOOK, "lists in a list"),
        ('[alerts]\nlevels = [["hook"]]\n' + HOOK + HOOK.replace("hook]", "other]"), "leaves out other"),
        ('[alerts.receivers."A b"]\nkind = "slack"\n', "names no receiver"),
        ('[alerts.receivers.x]\nkind = "fax"\n', "Known are|Did you mean"),
        ('[alerts.receivers.x]\nkind = "email"\nto = ["a@example.org"]\n', "there is no .alerts.mail."),
        (MAIL + '[alerts.receivers.x]\nkind = "email"\n', "is what an e-mail needs"),
        (MAIL.replace("mail.example.org", ""), "Name the server"),
        (MAIL + 'security = "none"\n', "another machine"),
        (MAIL + 'user = "u"\n', "go together"),
        (MAIL.replace("headgate@example.org", "nobody"), "no e-mail address"),
    ],
)
def test_what_does_not_fit_is_told(tmp_path: Path, text: str, told: str) -> None:
    before = text if text.startswith("alerts") else ""
    (tmp_path / "headgate.toml").write_text(before + '[project]\nname = "s"\n' + ("" if before else text))
    with pytest.raises(ConfigurationError, match=told):
        read_alert_settings(tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/x",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1.example.org/",
        "http://localhost@example.org/",
        "https://user:password@example.org/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "https://",
        "//example.org",
        "https://example.org/\r\nHost: other",
        "https://example.org:99999/",
        "https://ex\u00e4mple.org/",
    ],
)
def test_no_webhook_goes_there(tmp_path: Path, url: str) -> None:
    text = f'[alerts.receivers.x]\nkind = "slack"\nurl = {msgspec.json.encode(url).decode()}\n'
    with pytest.raises(ConfigurationError, match=r"url in \[alerts.receivers.x\]"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    "address",
    [
        "a@example.org, b@example.org",
        "a@example.org\nBcc: b@example.org",
        "A <a@example.org>",
        "@example.org",
        "a@",
        "",
    ],
)
def test_no_mail_goes_there(tmp_path: Path, address: str) -> None:
    text = f"{MAIL}[alerts.receivers.x]\nkind = 'email'\nto = [{msgspec.json.encode(address).decode()}]\n"
    with pytest.raises(ConfigurationError, match=r"to in \[alerts.receivers.x\]"):
        read(tmp_path, text)


def test_every_setting_and_kind_is_in_the_docs() -> None:
    text = (DOCS / "alerts.md").read_text(encoding="utf-8")
    names = {field.name.removesuffix("_s").removesuffix("_bytes") for field in fields(AlertSettings)}
    for name in names | {"url_secret", "password_secret", "security", "kinds", "flows", "ca"} | set(AlertKind):
        assert f"`{name}`" in text or f"{name} =" in text or f".{name}" in text, name
