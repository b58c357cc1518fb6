"""`[sign_in.oidc]` of headgate.toml: the provider of OpenID Connect that a project signs people in by."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headgate.core.errors import ConfigurationError
from headgate.core.identities import ProviderSettings, is_private
from headgate.core.roles import Grant, grant_of
from headgate.settings import FILE, Settings

_TEXTS = ("issuer", "client_id", "client_secret", "name", "roles_claim", "name_claim")
_KEYS = (*_TEXTS, "scopes", "grants")


def provider_settings(settings: Settings) -> ProviderSettings | None:
    """What is agreed with the provider; None where there is none. ConfigurationError names what does not fit."""
    place = settings.folder / FILE
    section = tomllib.loads(place.read_text(encoding="utf-8")).get("sign_in", {}).get("oidc")
    if section is None:
        return None
    _check(section, place)
    scopes = tuple(section.get("scopes", ("openid", "profile")))
    texts = {key: section[key] for key in _TEXTS if key in section}
    return ProviderSettings(scopes=scopes, grants=_grants(section.get("grants", {}), place), **texts)


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
    scopes = section.get("scopes", ["openid"])
    if not _are_texts(scopes) or "openid" not in scopes:
        raise ConfigurationError(f'{place}: [sign_in.oidc] scopes is {scopes!r}; write a list with "openid" in it.')


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
