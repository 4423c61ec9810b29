"""Settings of login by OpenID Connect: an issuer that can be believed, and what its groups may do."""

from __future__ import annotations

import pytest

from app.errors import InvalidSettings
from app.settings.oidc import GroupRole, issuer, roles
from app.settings.settings import PREFIX, Settings

ALL = {
    "OIDC_ISSUER": "https://login.example.org/realm/",
    "OIDC_CLIENT_ID": "logs",
    "OIDC_CLIENT_SECRET": "secret of the client",
    "OIDC_ROLES": "ops=admin",
}


def read(**given: str) -> Settings:
    """Return the settings."""
    return Settings.from_env({PREFIX + name: text for name, text in given.items()})


def test_all_or_none() -> None:
    """Each that is missing is named; the address is kept to the letter, and the secret is not shown."""
    assert read().oidc_issuer == ""
    made = read(**ALL)
    assert made.oidc_issuer == ALL["OIDC_ISSUER"]
    assert made.oidc_groups == "groups"
    assert ALL["OIDC_CLIENT_SECRET"] not in repr(made)
    for name in ALL:
        with pytest.raises(InvalidSettings) as caught:
            read(**{**ALL, name: ""})
        assert [problem.field for problem in caught.value.problems] == [PREFIX + name]
    with pytest.raises(InvalidSettings) as caught:
        read(**{**ALL, "OIDC_ROLES": "nonsense"})
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    "text", ["https://a.example", "https://a.example:8443/x", "http://127.0.0.1:1", "http://[::1]/x", ""]
)
def test_an_issuer(text: str) -> None:
    """By TLS, or on this machine."""
    assert issuer(f" {text} ") == text


@pytest.mark.parametrize(
    "text",
    [
        "http://a.example",
        "a.example",
        "https://",
        "https://u:p@a.example",
        "https://a.example?x=1",
        "https://a#b",
        "ftp://127.0.0.1",
    ],
)
def test_no_issuer(text: str) -> None:
    """Nothing that crosses the network readably, and nothing that could hold a secret."""
    with pytest.raises(ValueError, match="https://"):
        issuer(text)


def test_roles() -> None:
    """In the order given; names of groups may hold blanks, commas and equals signs, filters too."""
    text = "ops = admin, cn=dev,dc=example=reader,*=reader\n\n my shop =reader resourceId:shop-* OR message:a=b\r\n"
    assert roles(text) == (
        GroupRole("ops", "admin"),
        GroupRole("cn=dev,dc=example", "reader"),
        GroupRole("*", "reader"),
        GroupRole("my shop", "reader", "resourceId:shop-* OR message:a=b"),
    )
    bound = "a=reader[space=shop]\nb = reader [ hide = metadata.card, message ; space=x ] metadata.took:[1 TO 2]\nc=reader metadata.took:[1 TO 2]"
    assert roles(bound) == (
        GroupRole("a", "reader", space="shop"),
        GroupRole("b", "reader", "metadata.took:[1 TO 2]", "metadata.card, message", "x"),
        GroupRole("c", "reader", "metadata.took:[1 TO 2]"),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ops", "is not group="),
        ("ops=writer", "is not group="),
        ("ops=admin,,dev", "is not group="),
        ("=admin", "is not group="),
        ("ops=admin level:error", "readers only"),
        ("dev=reader level:(", "can't be read"),
        ("dev=reader *", "every log fits"),
        ("ops=admin, dev=reader level:error", "a line of its own"),
        ("ops=admin, dev=reader[space=shop]", "a line of its own"),
        ("ops=admin[space=shop]", "readers only"),
        ("dev=reader[space]", "is not space=NAME"),
        ("dev=reader[]", "is not space=NAME"),
        ("dev=reader[filter=x]", "is not space=NAME"),
        ("dev=reader[space=a;space=b]", "is not space=NAME"),
        ("dev=reader[space=a", "is not group="),
        ("dev=reader[space=a] level:(", "can't be read"),
    ],
)
def test_no_roles(text: str, said: str) -> None:
    """Each fault in words; nothing is guessed."""
    with pytest.raises(ValueError, match=said):
        roles(text)
