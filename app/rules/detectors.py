"""The built-in detectors: what each finds in a text, and a cheap test of the bytes in which it may be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import re2

from app.rules import addresses, cards, look
from app.rules.edges import TAKEN
from app.rules.look import MayHold
from app.rules.rule import METADATA, TEXTS
from app.rules.spans import Finder, Span

#: Everything of a log that is text.
_ALL = (*TEXTS, METADATA)
#: Numbers and addresses are what ids and resources are often made of.
_CONTENT = ("message", METADATA)


@dataclass(frozen=True, slots=True)
class Detector:
    """A kind of secret that is known by its form."""

    help: str
    #: Fields in which the detector searches unless a rule names others.
    fields: tuple[str, ...]
    may_hold: MayHold
    find: Finder
    #: The form in which two equal secrets are equal: what is hashed.
    canonical: Callable[[str], str] = str


def _pattern(text: str) -> re2._Regexp:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(text, options)


#: RFC 5322's dot-atom with letters of all scripts (RFC 6531), and a domain of two names or more; `%40` as URLs write `@`.
#: Signs that the RFC allows, but that stand between an address and its name in logs, are left out: `=`, `/`, `?`, `&`, brackets.
_ATOM = r"[\pL\pN_!#$*+^`~-](?:[\pL\pN_!#$*+^`~'-]*[\pL\pN_!#$*+^`~-])?"
_EMAIL = _pattern(
    rf"{_ATOM}(?:(?:\.|%2[Bb]){_ATOM})*(?:@|%40)"
    r"(?:[\pL\pN](?:[\pL\pN_-]{0,61}[\pL\pN])?\.)+(?:[Xx][Nn]--[A-Za-z0-9-]{2,59}|\pL{2,63})"
)
#: The scheme of RFC 6750, section 2.1, with its token; a short word behind it is prose. And the name that a token has in forms, URLs and
#: answers (RFC 6750, sections 2.2 and 2.3; RFC 6749, section 5.1).
_BEARER = _pattern(
    rf"(?i)(?:^|[^a-z0-9]|{TAKEN})(?:bearer(?:[\s:=+\"']|%20|\\+[\"'])+|(?:access|refresh)_token(?:\s*[:=\"']|\s*\\+[\"'])[\s:=\"'\\]*)"
    r"((?:[a-z0-9._~+=-]|\\*/|%2[bf]|%3d){8,})"
)
#: RFC 7515, section 7.1: a JSON object in base64url, then two to four parts with points between.
_JWT = _pattern(rf"(?:^|[^A-Za-z0-9]|{TAKEN})(eyJ[A-Za-z0-9_-]{{6,}}(?:\.[A-Za-z0-9_-]*){{2,4}})")
#: Ids of keys by AWS' prefixes (IAM identifiers), and a secret key of 40 characters behind its name.
_AWS_ID = _pattern(
    rf"(?:^|[^A-Za-z0-9]|{TAKEN})((?:A3T[A-Z0-9]|ABIA|ACCA|AGPA|AIDA|AIPA|AKIA|ANPA|ANVA|APKA|AROA|ASCA|ASIA)[A-Z0-9]{{16}})(?:$|[^A-Za-z0-9])"
)
_AWS_SECRET = _pattern(
    r"(?i)(?:secret[_. -]?access[_. -]?key|aws[_. -]?secret(?:[_. -]?key)?)(?:[\s:=>\"']|\\+[\"'])+((?:[a-z0-9+=]|\\*/){40,})"
)
#: Keys by what their makers have them begin with: GitHub; GitLab; Slack and its webhooks; Stripe; Google; npm; PyPI; SendGrid; OpenAI and
#: Anthropic; Twilio; DigitalOcean; Shopify; Telegram, behind `/bot` in the address of each of its requests; Hugging Face; Azure's storage; our
#: own tokens.
_KEY = _pattern(
    rf"(?:^|[^A-Za-z0-9]|/bot|%2[Ff]bot|{TAKEN})("
    r"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{36,}|gl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat)-[A-Za-z0-9_-]{20,}"
    r"|xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{20,}|hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/]{20,}"
    r"|[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/=]{24,}"
    r"|AIza[A-Za-z0-9_-]{35,}|ya29\.[A-Za-z0-9_-]{20,}|GOCSPX-[A-Za-z0-9_-]{20,}"
    r"|npm_[A-Za-z0-9]{36,}|pypi-[A-Za-z0-9_-]{50,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"
    r"|sk-(?:proj|svcacct|admin|ant)-[A-Za-z0-9_-]{20,}|sk-[A-Za-z0-9]{32,}|SK[0-9a-f]{32}|do[opr]_v1_[0-9a-f]{64}"
    r"|shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}|[0-9]{8,10}:AA[A-Za-z0-9_-]{33}|hf_[A-Za-z]{34,}|lgi_[A-Za-z0-9_-]{43}"
    r"|AccountKey=[A-Za-z0-9+/=]{40,})"
)
#: A private key as RFC 7468 and OpenPGP (RFC 9580, section 6.2) write it; without its end, where the text was cut, all that follows.
_PRIVATE_KEY = _pattern(
    r"(-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z))"
)
#: Words of prose have no digit, and are not as long.
_NO_PROSE = r"(?=.{20}|.*\d)"
#: By detector, names in the metadata whose value is a secret that has no form of its own, and which values are.
_NAMED = {
    "aws": (re.compile(r"secret.?access.?key|aws.?secret", re.IGNORECASE), re.compile(r"[A-Za-z0-9/+=]{40}")),
    "bearer": (
        re.compile(r"(?:^|[^a-z0-9])(?:access|refresh)_token$", re.IGNORECASE),
        re.compile(rf"{_NO_PROSE}[A-Za-z0-9._~+/=-]{{8,}}"),
    ),
}
_DIGIT = re.compile(r"\d")


def _emails(text: str) -> Iterator[Span]:
    if "@" not in text and "%40" not in text:
        return
    for found in _EMAIL.finditer(text):
        yield found.span()


def _bearers(text: str) -> Iterator[Span]:
    for found in _BEARER.finditer(text):
        # Words of prose have no digit, and are not as long.
        if len(found[1]) >= 20 or _DIGIT.search(found[1]):
            yield found.span(1)


def _groups(*patterns: re2._Regexp) -> Finder:
    def find(text: str) -> Iterator[Span]:
        # As bytes: of a text each search would encode all of it anew, which takes seconds where there are thousands of finds.
        encoded = text.encode()
        for pattern in patterns:
            # Each search begins at the end of the last find's group, not of its match: two finds may share the sign between them.
            end = after = 0
            while (found := pattern.search(encoded, end)) is not None:
                before, (start, end) = end, found.span(1)
                first = after + len(encoded[before:start].decode())
                after = first + len(encoded[start:end].decode())
                yield first, after

    return find


def is_secret_of(detector: str | None, name: str, value: str) -> bool:
    """Return whether a value of the metadata is a secret by the *name* beside it, though it has no form of its own."""
    named = _NAMED.get(detector or "")
    return named is not None and named[1].fullmatch(value) is not None and named[0].search(name) is not None


DETECTORS = {
    "email": Detector("Mail addresses", _ALL, look.email, _emails, lambda text: text.lower().replace("%40", "@")),
    "card": Detector(
        "Card numbers, by issuer, length and check digit (Luhn)", _CONTENT, look.card, cards.find, cards.digits
    ),
    "bearer": Detector("Tokens behind the word Bearer, or the name access_token", _ALL, look.bearer, _bearers),
    "jwt": Detector("JSON Web Tokens", _ALL, look.jwt, _groups(_JWT)),
    "aws": Detector(
        "AWS access key ids, and secret keys beside their name", _ALL, look.aws, _groups(_AWS_ID, _AWS_SECRET)
    ),
    "key": Detector(
        "Keys of services by their beginning, and private keys", _ALL, look.key, _groups(_KEY, _PRIVATE_KEY)
    ),
    "ip": Detector("Internet addresses, IPv4 and IPv6", _CONTENT, look.ip, addresses.find, lambda text: text.lower()),
}
