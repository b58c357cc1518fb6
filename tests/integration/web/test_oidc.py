"""Signing in by OpenID Connect against oidc-provider, which knows nothing of us."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from starlette.testclient import TestClient
from tests.harness.oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider, installed
from tests.integration.web.conftest import HOST, Web

from headgate.adapters.oidc_metadata import AGAIN
from headgate.adapters.oidc_provider import OidcProvider
from headgate.core.accounts import Account, Purpose
from headgate.core.errors import UsageError
from headgate.core.identities import ProviderSettings
from headgate.core.replacing import replace
from headgate.core.roles import Grant, Permission, Role
from headgate.core.tokens import LONGEST_PROVIDED_TOKEN
from headgate.people import change_grants, make_link, set_disabled, set_password
from headgate.tokens import make_token
from headgate.web.pending import LENGTH
from headgate.web.site import Provided

Provide = Callable[..., Web]

CALLBACK = f"https://{HOST}/sign-in/oidc/callback"
GRANTS = {
    "lake-analysts": (Grant(role=Role.ANALYST),),
    "sales-reviewers": (Grant(role=Role.REVIEWER, flow="sales"),),
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(tmp_path_factory.mktemp("oidc"))


@pytest.fixture(scope="module")
def provider(program: Path) -> Iterator[Provider]:
    started = Provider(program, CALLBACK)
    yield started
    started.stop()


@pytest.fixture
def settings(provider: Provider) -> ProviderSettings:
    provider.control(roles={"ann": ["lake-analysts"], "ben": []})
    return ProviderSettings(issuer=provider.issuer, client_id=CLIENT_ID, grants=GRANTS)


@pytest.fixture
def provide(make_web: Callable[[], Web]) -> Iterator[Provide]:
    """The project on the web with a provider as it is agreed; its clock is the provider's at first."""
    made, asked = make_web(), []
    made.clock.now = datetime.now(UTC)

    def provided(settings: ProviderSettings, secret: str | None, **changes: Any) -> Web:  # noqa: ANN401  of Site
        asked.append(OidcProvider(settings, secret=secret, clock=made.clock))
        site = replace(made.site, provided=Provided(provider=asked[-1], settings=settings), **changes)
        return Web(site, made.clock)

    yield provided
    made.site.uploads.close()
    made.site.people.accounts.close()
    for one in asked:
        one.close()


@pytest.fixture
def web(provide: Provide, settings: ProviderSettings) -> Web:
    return provide(settings, CLIENT_SECRET)


def begun(client: TestClient, to: str = "/") -> str:
    answer = client.get("/sign-in/oidc", params={"to": to})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def signed_in(web: Web, provider: Provider, person: str = "ann", to: str = "/") -> tuple[TestClient, httpx2.Response]:
    """A browser that went to the provider and back, and what it got there."""
    client = web.client()
    return client, client.get(provider.sign_in(begun(client, to), person))


def account_of(web: Web, provider: Provider, person: str) -> Account | None:
    return web.site.people.accounts.account_of(provider.issuer, person)


def refusals(web: Web, size: int) -> list[dict[str, object]]:
    leaves = [json.loads(leaf) for leaf in web.site.platform.ledger.leaves(size)]
    return [leaf["fields"] for leaf in leaves if leaf["type"] == "sign_in_refused"]


def test_sign_in_with_pkce(web: Web, provider: Provider) -> None:
    provider.control(roles={"quinta": ["lake-analysts"]})
    client = web.client()
    place = begun(client, "/deliveries?state=held")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(place).query).items()}
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["redirect_uri"] == CALLBACK
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 43
    answer = client.get(provider.sign_in(place, "quinta"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/deliveries?state=held")
    assert client.get("/deliveries").status_code == 200
    account = account_of(web, provider, "quinta")
    assert account is not None
    assert (account.name, account.grants) == ("quinta", GRANTS["lake-analysts"])
    (session,) = web.site.people.accounts.sessions(account.id)
    assert session.expires_at - session.made_at == timedelta(hours=12)
    assert "quinta" not in json.dumps([json.loads(leaf)["fields"] for leaf in web.site.platform.ledger.leaves()])


def test_the_same_person_comes_back_to_the_same_account(web: Web, provider: Provider) -> None:
    signed_in(web, provider)
    before = account_of(web, provider, "ann")
    signed_in(web, provider)
    assert account_of(web, provider, "ann") == before
    assert before is not None
    assert len(web.site.people.accounts.sessions(before.id)) >= 2


def test_a_name_that_another_account_has_gives_no_way_into_it(web: Web, provider: Provider) -> None:
    own = web.account(Grant(role=Role.ADMIN))
    provider.control(roles={own.name: ["lake-analysts"]})
    _, answer = signed_in(web, provider, own.name)
    assert answer.status_code == 303
    account = account_of(web, provider, own.name)
    assert account is not None
    assert account.id != own.id
    assert account.name.startswith(f"{own.name}-")
    assert account.grants == GRANTS["lake-analysts"]


def test_who_has_no_mapped_group_gets_no_account(web: Web, provider: Provider) -> None:
    size = web.site.platform.ledger.log_size()
    client, answer = signed_in(web, provider, "ben")
    assert answer.status_code == 403
    assert "has no role here" in answer.text
    assert account_of(web, provider, "ben") is None
    assert client.get("/").status_code == 303
    assert refusals(web, size) == [{"by": "provider"}]


def test_a_group_that_loses_its_role(web: Web, provider: Provider) -> None:
    provider.control(roles={"cleo": ["lake-analysts", "sales-reviewers", "unknown"]})
    client, _ = signed_in(web, provider, "cleo")
    account = account_of(web, provider, "cleo")
    assert account is not None
    assert account.grants == (*GRANTS["lake-analysts"], *GRANTS["sales-reviewers"])
    secret, _ = make_token(web.site.people, account, "x", {Permission.SEE}, by="test")
    provider.control(roles={"cleo": ["sales-reviewers"]})
    signed_in(web, provider, "cleo")
    account = account_of(web, provider, "cleo")
    assert account is not None
    assert account.grants == GRANTS["sales-reviewers"]
    provider.control(roles={"cleo": []})
    size = web.site.platform.ledger.log_size()
    _, answer = signed_in(web, provider, "cleo")
    assert answer.status_code == 403
    assert client.get("/").status_code == 303  # its older sessions have ended
    assert web.site.people.accounts.sessions(account.id) == []
    assert web.client().get("/api/deliveries", headers={"Authorization": f"Bearer {secret}"}).status_code == 403
    assert refusals(web, size) == [{"account": account.id, "by": "provider"}]


def test_a_disabled_account_stays_out(web: Web, provider: Provider) -> None:
    provider.control(roles={"dora": ["lake-analysts"]})
    signed_in(web, provider, "dora")
    account = account_of(web, provider, "dora")
    assert account is not None
    set_disabled(web.site.people, account, disabled=True, by="test")
    assert signed_in(web, provider, "dora")[1].status_code == 403


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        ("audience", "audience"),
        ("audiences", "audience"),
        ("authorized-party", "audience"),
        ("issuer", "issuer"),
        ("expired", "time"),
        ("no-expiry", "form"),
        ("early", "time"),
        ("made-in-future", "time"),
        ("nonce", "nonce"),
        ("no-nonce", "nonce"),
        ("no-subject", "form"),
        ("odd-subject", "form"),
        ("token-hash", "form"),
        ("foreign-key", "signature"),
        ("unknown-key", "signature"),
        ("unsigned", "signature"),
        ("shared-secret", "signature"),
        ("public-key-as-secret", "signature"),
        ("broken", "signature"),
        ("absent", "form"),
        ("huge", "form"),
    ],
)
def test_an_id_token_that_is_wrong(web: Web, provider: Provider, tamper: str, reason: str) -> None:
    provider.control(tamper=tamper)
    size = web.site.platform.ledger.log_size()
    client, answer = signed_in(web, provider)
    assert answer.status_code == 403, answer.text
    assert "You are not signed in" in answer.text
    assert client.get("/").status_code == 303
    assert refusals(web, size) == [{"by": "provider", "reason": reason}]
    provider.control()
    assert signed_in(web, provider)[1].status_code == 303


def test_clocks_may_differ_by_less_than_a_minute(web: Web, provider: Provider) -> None:
    provider.control(tamper="expired-just-now")
    assert signed_in(web, provider)[1].status_code == 303


def test_claims_of_another_kind_give_nothing(web: Web, provider: Provider) -> None:
    provider.control(tamper="odd-roles")
    assert signed_in(web, provider)[1].status_code == 403


def test_a_callback_works_once_and_in_its_own_browser(web: Web, provider: Provider) -> None:
    client, other = web.client(), web.client()
    back = provider.sign_in(begun(client), "ann")
    begun(other)
    assert other.get(back).status_code == 403  # another browser; and so it is used up
    assert client.get(back).status_code == 403
    back = provider.sign_in(begun(client), "ann")
    assert client.get(back).status_code == 303
    assert client.get(back).status_code == 403
    assert web.client().get("/sign-in/oidc/callback", params={"code": "x", "state": "made up"}).status_code == 403
    assert web.client().get("/sign-in/oidc/callback").status_code == 403


def test_a_code_of_another_sign_in(web: Web, provider: Provider) -> None:
    """Its verifier is another one, so the provider gives nothing for it."""
    client, other = web.client(), web.client()
    stolen = parse_qs(urlsplit(provider.sign_in(begun(other), "ann")).query)["code"][0]
    back = urlsplit(provider.sign_in(begun(client), "ben"))
    query = {name: values[0] for name, values in parse_qs(back.query).items()} | {"code": stolen}
    answer = client.get("/sign-in/oidc/callback", params=query)
    assert answer.status_code == 403
    assert "did not take its own code" in answer.text


def test_an_answer_of_another_provider(web: Web, provider: Provider) -> None:
    for change in ({"iss": "https://another.example"}, {"iss": None}, {"code": ""}, {"error": "access_denied"}):
        client = web.client()
        back = urlsplit(provider.sign_in(begun(client), "ann"))
        query = {name: values[0] for name, values in parse_qs(back.query).items()} | change
        answer = client.get(
            "/sign-in/oidc/callback", params={name: value for name, value in query.items() if value is not None}
        )
        assert answer.status_code == 403, change


def test_a_sign_in_that_took_too_long(web: Web, provider: Provider) -> None:
    client = web.client()
    back = provider.sign_in(begun(client), "ann")
    web.clock.now += LENGTH
    assert client.get(back).status_code == 403


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_nobody_is_sent_to_another_site(web: Web, provider: Provider, to: str) -> None:
    assert signed_in(web, provider, to=to)[1].headers["location"] == "/"


def test_what_a_browser_brought_along_ends(web: Web, provider: Provider) -> None:
    own = web.account(Grant(role=Role.ANALYST))
    client = web.signed_in(own)
    before = client.cookies["__Host-headgate"]
    assert client.get(provider.sign_in(begun(client), "ann")).status_code == 303
    assert client.cookies["__Host-headgate"] != before
    assert web.site.people.accounts.sessions(own.id) == []


def test_a_new_key_is_fetched_but_not_at_every_call(web: Web, provider: Provider) -> None:
    assert signed_in(web, provider)[1].status_code == 303
    provider.restart()
    provider.control(roles={"ann": ["lake-analysts"]})
    assert signed_in(web, provider)[1].status_code == 403  # the keys were fetched less than a minute ago
    web.clock.now += timedelta(minutes=1)
    assert signed_in(web, provider)[1].status_code == 303


def test_a_provider_that_is_down(provide: Provide, program: Path) -> None:
    provider = Provider(program, CALLBACK)
    provider.control(roles={"ann": ["lake-analysts"]})
    settings = ProviderSettings(issuer=provider.issuer, client_id=CLIENT_ID, grants=GRANTS)
    web = provide(settings, CLIENT_SECRET)
    client = web.client()
    back = provider.sign_in(begun(client), "ann")
    provider.stop()
    assert client.get(back).status_code == 503
    web = provide(settings, CLIENT_SECRET)
    answer = web.client().get("/sign-in/oidc")
    assert (answer.status_code, "did not answer" in answer.text) == (503, True)
    assert "a moment ago" in web.client().get("/sign-in/oidc").text  # nobody waits for it again so soon
    assert web.client().get("/sign-in").status_code == 200
    assert web.signed_in(web.account(Grant(role=Role.ANALYST))).get("/").status_code == 200  # accounts of our own
    assert "Sign out at" not in web.client().get("/sign-in/ended").text
    provider.restart()
    web.clock.now += AGAIN
    begun(web.client())
    provider.stop()


def test_a_client_without_a_secret(provide: Provide, program: Path) -> None:
    provider = Provider(program, "http://127.0.0.1/sign-in/oidc/callback", secret=None)
    provider.control(roles={"ann": ["lake-analysts"]})
    settings = ProviderSettings(issuer=provider.issuer, client_id=CLIENT_ID, grants=GRANTS)
    web = provide(settings, None, hosts=("127.0.0.1",), secure=False)
    client = TestClient(web.app, base_url="http://127.0.0.1", follow_redirects=False)
    answer = client.get(provider.sign_in(begun(client), "ann"))
    assert answer.status_code == 303
    provider.stop()


def test_a_provider_that_is_another(provide: Provide, provider: Provider) -> None:
    settings = ProviderSettings(issuer=f"{provider.issuer}/", client_id=CLIENT_ID)
    answer = provide(settings, None).client().get("/sign-in/oidc")
    assert answer.status_code == 400
    assert "write it exactly so" in answer.text


def test_signing_out_ends_our_session_and_names_the_other(web: Web, provider: Provider) -> None:
    provider.control(roles={"fay": ["lake-analysts"]})
    client, _ = signed_in(web, provider, "fay")
    account = account_of(web, provider, "fay")
    assert account is not None
    answer = client.post("/sign-out", data={"csrf": web.csrf(account)})
    assert answer.headers["location"] == "/sign-in/ended"
    ended = client.get("/sign-in/ended").text
    assert f"{provider.issuer}/session/end?client_id={CLIENT_ID}" in ended
    assert httpx2.get(f"{provider.issuer}/session/end", params={"client_id": CLIENT_ID}).status_code == 200
    assert client.get("/").status_code == 303


def test_nobody_does_by_hand_what_the_provider_does(web: Web, provider: Provider) -> None:
    client, _ = signed_in(web, provider)
    account = account_of(web, provider, "ann")
    assert account is not None
    with pytest.raises(UsageError, match="which says what it may"):
        change_grants(web.site.people, account, [Grant(role=Role.ADMIN)], by="test")
    with pytest.raises(UsageError):
        make_link(web.site.people, account, Purpose.RESET, by="test")
    with pytest.raises(UsageError):
        set_password(web.site.people, web.site.passwords, account, "a river and a weir", keep="")
    assert 'action="/me/password"' not in client.get("/me").text
    with pytest.raises(UsageError, match="1 to 30 days"):
        make_token(
            web.site.people, account, "x", {Permission.SEE}, by="", length=LONGEST_PROVIDED_TOKEN + timedelta(days=1)
        )
    admin = web.account(Grant(role=Role.ADMIN))
    at_work = web.signed_in(admin)
    page = at_work.get("/accounts").text
    assert "given by its groups at the provider" in page
    form = {"csrf": web.csrf(admin), "roles": "admin"}
    assert at_work.post(f"/accounts/{account.id}/roles", data=form).status_code == 400
    assert at_work.post(f"/accounts/{account.id}/link", data=form).status_code == 400


def test_one_address_begins_so_many_and_no_more(web: Web) -> None:
    client = web.client()
    answers = [client.get("/sign-in/oidc").status_code for _ in range(101)]
    assert answers == [303] * 100 + [429]
    web.clock.now += LENGTH
    assert client.get("/sign-in/oidc").status_code == 303


TWO, THREE = "urn:example:two", "urn:example:three"


def strong(
    provide: Provide, settings: ProviderSettings, provider: Provider, told: dict[str, Any]
) -> tuple[int, list[dict[str, object]]]:
    """How a sign-in with these claims was answered where much is asked for, and the refusals that were told."""
    web = provide(replace(settings, acr=(TWO, THREE), amr=("mfa", "hwk"), max_age_s=600), CLIENT_SECRET)
    size = web.site.platform.ledger.log_size()
    provider.control(told=told)
    client, answer = signed_in(web, provider)
    provider.control()
    assert (client.get("/deliveries").status_code == 200) == (answer.status_code == 303)
    return answer.status_code, refusals(web, size)


def test_a_sign_in_as_strong_as_is_asked_for(provide: Provide, settings: ProviderSettings, provider: Provider) -> None:
    web = provide(replace(settings, acr=(TWO, THREE), max_age_s=600), CLIENT_SECRET)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(begun(web.client())).query).items()}
    assert (asked["acr_values"], asked["max_age"]) == (f"{TWO} {THREE}", "600")
    assert strong(provide, settings, provider, {"acr": THREE, "amr": ["pwd", "hwk", "mfa"]}) == (303, [])


@pytest.mark.parametrize(
    "told",
    [
        {"acr": "urn:example:one", "amr": ["hwk", "mfa"]},
        {"amr": ["hwk", "mfa"]},
        {"acr": TWO, "amr": ["pwd", "mfa"]},
        {"acr": TWO},
        {"acr": [TWO], "amr": ["hwk", "mfa"]},
        {"acr": TWO, "amr": ["hwk", "mfa"], "auth_time": 0},
        {"acr": TWO, "amr": ["hwk", "mfa"], "auth_time": None},
        {"acr": TWO, "amr": ["hwk", "mfa"], "auth_time": 1 << 40},
    ],
)
def test_a_weaker_or_older_sign_in_is_refused(
    provide: Provide, settings: ProviderSettings, provider: Provider, told: dict[str, Any]
) -> None:
    assert strong(provide, settings, provider, told) == (403, [{"by": "provider", "reason": "strength"}])


@pytest.mark.parametrize("told", [{"amr": "mfa hwk"}, {"auth_time": "now"}])
def test_claims_of_another_form_are_refused(
    provide: Provide, settings: ProviderSettings, provider: Provider, told: dict[str, Any]
) -> None:
    claims = {"acr": TWO, "amr": ["hwk", "mfa"]} | told
    assert strong(provide, settings, provider, claims) == (403, [{"by": "provider", "reason": "form"}])


def test_a_provider_itself_tells_how_long_ago_it_was(
    provide: Provide, settings: ProviderSettings, provider: Provider
) -> None:
    web = provide(replace(settings, max_age_s=600), CLIENT_SECRET)
    assert signed_in(web, provider)[1].status_code == 303
    place = begun(client := web.client())
    back = provider.sign_in(place, "ann")
    web.clock.now += timedelta(seconds=700)  # which only we see
    assert client.get(back).status_code == 403


def test_groups_that_are_told_elsewhere_are_not_taken_for_none(web: Web, provider: Provider) -> None:
    """Who is in very many groups gets a token that only says where to ask for them (OpenID Connect Core 5.6.2)."""
    signed_in(web, provider)
    account = account_of(web, provider, "ann")
    assert account is not None
    size = web.site.platform.ledger.log_size()
    provider.control(told={"roles": None, "_claim_names": {"roles": "src1"}, "_claim_sources": {"src1": {}}})
    _, answer = signed_in(web, provider)
    provider.control()
    assert (answer.status_code, "more groups" in answer.text) == (403, True)
    assert refusals(web, size) == [{"by": "provider", "reason": "groups"}]
    assert account_of(web, provider, "ann") == account  # its roles are not taken away
