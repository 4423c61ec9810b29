"""Log-in by OpenID Connect: the issuer that is believed, and the role of each of its groups."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from app.errors import InvalidQuery
from app.settings.values import Setting, is_loopback

#: The group that stands for everybody whom the issuer lets in.
EVERYBODY = "*"
#: Settings that can't be left out where the issuer is set.
_NEEDED = ("oidc_issuer", "oidc_client_id", "oidc_client_secret", "oidc_roles")
#: A line whose one group is bound, by limits or a query, and the groups of a line that binds none; names of groups may hold commas and `=`.
_BOUND = re.compile(
    r"(?P<group>.+?)\s*=\s*(?P<role>reader|admin)(?:\s*\[(?P<limits>[^\]]*)\](?:\s+(?P<only>.+))?|\s+(?P<filter>.+))"
)
_PLAIN = re.compile(r"\s*(?P<group>.+?)\s*=\s*(?P<role>reader|admin)\s*(?:,|$)")


@dataclass(frozen=True, slots=True)
class GroupRole:
    """The role of a group's members."""

    #: Name of the group as the issuer sends it, or EVERYBODY.
    group: str
    #: `reader` or `admin`.
    role: str
    #: The query that a log must fit to be seen; empty: every log.
    filter: str = ""
    #: The fields that are not seen, with commas between; empty: every field is.
    hide: str = ""
    #: The space whose logs are seen; empty: none in particular.
    space: str = ""


def issuer(text: str) -> str:
    """Return the address of an issuer, exactly as it is given: tokens must name it so. Raises ValueError."""
    text = text.strip()
    if not text:
        return ""
    parts = urlsplit(text)
    if not parts.hostname or parts.username is not None or parts.query or parts.fragment:
        raise ValueError("is not an address such as https://login.example.org/realm, without user, query and fragment")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ValueError("must begin with https:// (http:// is for this machine alone)")
    return text


def roles(text: str) -> tuple[GroupRole, ...]:
    """Return what each group may do, in the order that decides. Raises ValueError."""
    found: list[GroupRole] = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        bound = _BOUND.fullmatch(line)
        first = _PLAIN.match(line)
        if bound and first:
            raise ValueError(f"has beside {first['group']!r} a group bound to a filter, which needs a line of its own")
        found += [_bound(bound)] if bound else _unbound(line)
    return tuple(found)


def _unbound(line: str) -> Iterator[GroupRole]:
    place = 0
    while place < len(line):
        match = _PLAIN.match(line, place)
        if match is None:
            raise ValueError(
                f"has {line[place:].strip()!r}, which is not group=reader, group=admin or group=reader FILTER"
            )
        yield GroupRole(match["group"], match["role"])
        place = match.end()


def _bound(line: re.Match[str]) -> GroupRole:
    group, query = line["group"], line["filter"] or line["only"] or ""
    if line["role"] != "reader":
        raise ValueError(f"binds the group {group!r}, which is for readers only")
    limits = dict[str, str]()
    for part in (line["limits"] or "").split(";"):
        name, _, value = (text.strip() for text in part.partition("="))
        if line["limits"] is not None and (name not in ("space", "hide") or not value or name in limits):
            raise ValueError(
                f"has {part.strip()!r} for the group {group!r}, which is not space=NAME or hide=FIELD,FIELD"
            )
        limits[name] = value
    if query:
        _check(group, query)
    return GroupRole(group, "reader", query, limits.get("hide", ""), limits.get("space", ""))


def _check(group: str, query: str) -> None:
    """Raise ValueError for a filter that binds nobody."""
    # Only who binds a group pays for what reads queries.
    from app.query.filter import EVERYTHING
    from app.query.language.parse import parse

    try:
        if parse(query) == EVERYTHING:
            raise ValueError(f"binds the group {group!r} to a filter that every log fits: leave it out")
    except InvalidQuery as error:
        raise ValueError(f"binds the group {group!r} to a filter that can't be read: {error}") from None


def lacking(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield name and fault of each setting that is missing beside those which are set; *values* lack what could not be read."""
    if any(values.get(name) for name in _NEEDED):
        for name in (name.upper() for name in _NEEDED if not values.get(name, True)):
            yield name, f"{name} is not set, and login by OpenID Connect needs it"


SETTINGS = (
    Setting(
        "OIDC_ISSUER",
        "",
        issuer,
        "Issuer by which people log in with OpenID Connect: `https://login.example.org/realm`, as its tokens name it.",
    ),
    Setting("OIDC_CLIENT_ID", "", str.strip, "Name under which the issuer knows this server."),
    Setting("OIDC_CLIENT_SECRET", "", str.strip, "What this server shows the issuer to prove who it is."),
    Setting(
        "OIDC_ROLES",
        "",
        roles,
        "What groups of the issuer may do, the first that a person is in decides: `ops=admin,dev=reader`; `*` is everybody. "
        "A bound group has a line of its own: `shop=reader resourceId:shop-*`, `dev=reader[space=shop; hide=metadata.card,message] level:error`.",
    ),
    Setting(
        "OIDC_GROUPS",
        "groups",
        str.strip,
        "Claim that holds a person's groups; a dot leads into an object: `realm_access.roles`.",
    ),
)
