"""The person who comes back from the issuer, or the reason why nobody does."""

from __future__ import annotations

from dataclasses import dataclass

from app.errors import LogIngestorError


class LoginRefused(LogIngestorError):
    """The issuer let nobody in, or what it sent is not to be believed; the text is a sentence for its user."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom the issuer vouches for."""

    #: The id that the issuer never gives to anybody else.
    subject: str
    #: Names that the person may have here, best first.
    names: tuple[str, ...]
    groups: frozenset[str]


def known_error(code: object) -> str:
    """Return an error's code as issuers write it (RFC 6749, section 5.2), and nothing else that one may send."""
    fine = isinstance(code, str) and code.isascii() and code.replace("_", "").isalpha() and len(code) <= 40
    return str(code) if fine else "it does not say why"
