"""`[sign_in]` of headgate.toml: the rules of signing in, and the provider of OpenID Connect that people sign in by."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headgate.core.accounts import MOST_SESSIONS
from headgate.core.errors import ConfigurationError
from headgate.core.identities import ProviderSettings, is_private
from headgate.core.roles import Grant, Role, grant_of
from headgate.core.sign_in_rules import CALLS_PER_MINUTE, SignInRules
from headgate.settings import FILE, Settings

_TEXTS = ("issuer", "client_id", "client_secret", "name", "roles_claim", "name_claim")
_RULES = ("second_factor", "sessions", "calls_per_minute", "refused_words", "refused_passwords")
_ALL = "all"
_LEAST_WORD = 4  # signs: a shorter one stands in too many good passwords
_MOST_NUMBER = 1_000_000
_LISTS = ("acr", "amr")
_KEYS = (*_TEXTS, *_LISTS, "max_age_s", "scopes", "grants")


def sign_in_rules(settings: Settings) -> SignInRules:
    """The rules of a project. ConfigurationError names what does not fit."""
    place = settings.folder / FILE
    section = _section(place)
    for key in section:
        if key not in {*_RULES, "oidc"}:
            raise ConfigurationError(f"{place}: [sign_in] {key!r} is no setting. Known are {', '.join(_RULES)}, oidc.")
    words = section.get("refused_words", [])
    if not _are_texts(words) or any(len(word) < _LEAST_WORD for word in words):
        raise ConfigurationError(
            f"{place}: [sign_in] refused_words is {words!r}; write a list of words of {_LEAST_WORD} signs or more."
        )
    return SignInRules(
        second_factor=_asking(section.get("second_factor", []), place),
        sessions=_number(section, "sessions", MOST_SESSIONS, place),
        calls_per_minute=_number(section, "calls_per_minute", CALLS_PER_MINUTE, place),
        refused_words=tuple(words),
        refused_passwords=_list(settings.folder, section.get("refused_passwords"), place),
    )


def provider_settings(settings: Settings) -> ProviderSettings | None:
    """What is agreed with the provider; None where there is none. ConfigurationError names what does not fit."""
    place = settings.folder / FILE
    section = _section(place).get("oidc")
    if section is None:
        return None
    _check(section, place)
    scopes = tuple(section.get("scopes", ("openid", "profile")))
    texts = {key: section[key] for key in _TEXTS if key in section}
    return ProviderSettings(
        scopes=scopes,
        acr=tuple(section.get("acr", ())),
        amr=tuple(section.get("amr", ())),
        max_age_s=section.get("max_age_s"),
        grants=_grants(section.get("grants", {}), place),
        **texts,
    )


def _section(place: Path) -> Mapping[str, Any]:
    section = tomllib.loads(place.read_text(encoding="utf-8")).get("sign_in", {})
    if not isinstance(section, dict):
        raise ConfigurationError(f"{place}: sign_in is {section!r}, no section.")
    return section


def _asking(told: object, place: Path) -> frozenset[Role]:
    """`["admin"]` -> that role, "all" -> every role."""
    if told == _ALL:
        return frozenset(Role)
    known = set(Role)
    if not isinstance(told, list) or not all(isinstance(one, str) and one in known for one in told):
        raise ConfigurationError(
            f'{place}: [sign_in] second_factor is {told!r}; write "{_ALL}" or a list of {", ".join(Role)}.'
        )
    return frozenset(Role(one) for one in told)


def _number(section: Mapping[str, Any], key: str, default: int, place: Path) -> int:
    number = section.get(key, default)
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= _MOST_NUMBER:
        raise ConfigurationError(f"{place}: [sign_in] {key} is {number!r}; write a number of 1 or more.")
    return number


def _list(folder: Path, told: object, place: Path) -> Path | None:
    if told is None:
        return None
    if not isinstance(told, str) or not (folder / told).is_file():
        raise ConfigurationError(f"{place}: [sign_in] refused_passwords is {told!r}, no file of {folder}.")
    return folder / told


def _check(section: Mapping[str, Any], place: Path) -> None:
    for key in section:
        if key not in _KEYS:
            raise ConfigurationError(f"{place}: [sign_in.oidc] {key!r} is no setting. Known are {', '.join(_KEYS)}.")
    for key in ("issuer", "client_id"):
        if key not in section:
            raise ConfigurationError(f'{place}: [sign_in.oidc] lacks {key}. Next: write `{key} = "…"` there.')
    for key in _TEXTS:
        if key in section and (not isinstance(section[key], str) or not section[key]):
            raise ConfigurationError(f"{place}: [sign_in.oidc] {key} is {section[key]!r}, no text.")
    if not is_private(section["issuer"]):
        raise ConfigurationError(f"{place}: [sign_in.oidc] issuer is {section['issuer']!r}; it must be https.")
    _check_strength(section, place)
    scopes = section.get("scopes", ["openid"])
    if not _are_texts(scopes) or "openid" not in scopes:
        raise ConfigurationError(f'{place}: [sign_in.oidc] scopes is {scopes!r}; write a list with "openid" in it.')


def _check_strength(section: Mapping[str, Any], place: Path) -> None:
    for key in _LISTS:
        if not _are_texts(section.get(key, [])):
            raise ConfigurationError(f"{place}: [sign_in.oidc] {key} is {section[key]!r}; write a list of texts.")
    age_s = section.get("max_age_s", 0)
    if not isinstance(age_s, int) or isinstance(age_s, bool) or age_s < 0:
        raise ConfigurationError(f"{place}: [sign_in.oidc] max_age_s is {age_s!r}; write a number of seconds.")


def _grants(section: object, place: Path) -> dict[str, tuple[Grant, ...]]:
    """`{"lake-reviewers": ["reviewer:sales"]}` -> grants of each group."""
    if not isinstance(section, dict) or not all(_are_texts(roles) for roles in section.values()):
        raise ConfigurationError(
            f"{place}: [sign_in.oidc.grants] is {section!r}; "
            'write a line a group, such as "lake-reviewers" = ["reviewer:sales"].'
        )
    try:
        return {group: tuple(grant_of(role) for role in roles) for group, roles in section.items()}
    except ValueError as error:
        raise ConfigurationError(f"{place}: [sign_in.oidc.grants]: {error}") from error


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and one for one in value)
