"""Secrets made at random, each in surroundings as logs have them: the set on which detectors are held to account."""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Iterator

#: What stands around a secret.
AROUND = (
    "%s",
    "user %s logged in",
    "value=%s",
    "key: %s, next: 1",
    '{"field":"%s","n":1}',
    '{"inner":"{\\"field\\":\\"%s\\"}"}',
    "<field>%s</field>",
    "(%s)",
    "[%s]",
    "'%s'",
    "was %s.",
    "is it %s?",
    "a;%s;b",
    "GET /path?field=%s&next=2 HTTP/1.1",
    "line one\n%s\nline three",
    "Ärger mit %s – schade",
    "日本語 %s です",
    "\x1b[31m%s\x1b[0m",
    "\x1b[1;38;5;196m%s\x1b[m",
    '{"inner":"\\\\u001b[31m%s\\\\u001b[0m"}',
    'level=error msg="first\\n%s\\nlast"',
    "GET /path?q=a%0A%s%0Ab HTTP/1.1",
    "`%s`",
    "“%s”",
    "→%s←",
    "*%s*",
    "java.lang.IllegalStateException: %s\n\tat com.example.Main.run(Main.java:42)",
    "tried %s; failed",
    "a|%s|b",
    '<a href="/path?field=%s">',
    "msg='%s'",
    "$%s",
    "{%s}",
    "...%s...",
    "»%s«",
    "sent: %s\r\n",
)
_NAMES = (
    "bob",
    "a.b",
    "first.last+tag",
    "x",
    "user_name",
    "o'neil",
    "jürgen",
    "иван",
    "1234567",
    "no-reply",
    "A",
    "sales/eu",
    "josé.garcía+2026",
    "用户",
    "bounce=user%example.net",
)
_DOMAINS = (
    "example.com",
    "mail.example.co.uk",
    "x.io",
    "bücher.de",
    "xn--bcher-kva.example",
    "sub-domain.example.museum",
    "EXAMPLE.ORG",
    "例え.jp",
    "domaine.québec",
    "пример.рф",
)
_ISSUERS = (
    ("4", 16),
    ("4", 13),
    ("4", 19),
    ("51", 16),
    ("2221", 16),
    ("2720", 16),
    ("34", 15),
    ("37", 15),
    ("6011", 16),
)
_MORE = (
    ("65", 16),
    ("300", 14),
    ("36", 14),
    ("38", 14),
    ("3528", 16),
    ("3589", 16),
    ("62", 16),
    ("62", 19),
    ("6759", 16),
    ("5019", 16),
    ("2204", 16),
    ("60", 16),
    ("8172", 16),
    ("9792", 16),
    ("636368", 16),
    ("5090", 16),
    ("606282", 16),
    ("506101", 16),
    ("506180", 19),
    ("636", 16),
)
_BASE64 = string.ascii_letters + string.digits + "/+"
_URL = string.ascii_letters + string.digits + "-_"


def email(chance: random.Random) -> str:
    """Return a mail address."""
    at = "%40" if chance.random() < 0.1 else "@"
    return f"{chance.choice(_NAMES)}{at}{chance.choice(_DOMAINS)}"


def card(chance: random.Random) -> str:
    """Return a card number, in one piece or in groups."""
    first, length = chance.choice(_ISSUERS + _MORE)
    body = first + "".join(chance.choice(string.digits) for _ in range(length - len(first) - 1))
    number = body + str(check_digit(body))
    gap = chance.choice(("", "", "", " ", "-", ".", "_", "/", " - ", "  ", "\u00a0", "\u202f", "\u2011", "+", "%20"))
    if length == 16 or (length in (13, 19) and gap):
        return gap.join(number[at : at + 4] for at in range(0, length, 4))
    return gap.join((number[:4], number[4:10], number[10:])) if length in (14, 15) else number


def check_digit(body: str) -> int:
    """Return Luhn's check digit of a number without it, by trying all ten."""
    for digit in range(10):
        total = 0
        for place, character in enumerate(reversed(body + str(digit))):
            total += sum(divmod(int(character) * (2 if place % 2 else 1), 10))
        if total % 10 == 0:
            return digit
    raise AssertionError("one of ten fits")


def bearer(chance: random.Random) -> str:
    """Return a token that stands behind its scheme."""
    return "".join(chance.choice(_BASE64 + "-._~") for _ in range(chance.randint(20, 200))) + chance.choice(
        ("", "=", "==")
    )


def jwt(chance: random.Random) -> str:
    """Return a signed JSON Web Token, or one without a signature."""

    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).decode().rstrip("=")

    header = part(json.dumps({"alg": chance.choice(("HS256", "RS256", "none")), "typ": "JWT"}).encode())
    payload = part(json.dumps({"sub": str(chance.getrandbits(40)), "iat": chance.getrandbits(31)}).encode())
    return f"{header}.{payload}.{part(chance.randbytes(32)) if chance.random() < 0.9 else ''}"


def _drawn(chance: random.Random, length: int, among: str = string.ascii_letters + string.digits) -> str:
    return "".join(chance.choice(among) for _ in range(length))


def key(chance: random.Random) -> str:
    """Return a key of some service, in the form that its maker gives it, or a private key."""
    hexadecimal, url, capitals = "0123456789abcdef", _URL, string.ascii_uppercase + string.digits
    return chance.choice(
        (
            lambda: chance.choice(("ghp_", "gho_", "ghu_", "ghs_", "ghr_")) + _drawn(chance, 36),
            lambda: f"github_pat_{_drawn(chance, 22)}_{_drawn(chance, 59)}",
            lambda: f"glpat-{_drawn(chance, 20, url)}",
            lambda: (
                f"xox{chance.choice('abpr')}-{chance.randrange(10**12)}-{chance.randrange(10**12)}-{_drawn(chance, 24)}"
            ),
            lambda: (
                f"xapp-1-A{_drawn(chance, 10, capitals)}-{chance.randrange(10**13)}-{_drawn(chance, 64, hexadecimal)}"
            ),
            lambda: (
                f"hooks.slack.com/services/T{_drawn(chance, 8, capitals)}/B{_drawn(chance, 8, capitals)}/{_drawn(chance, 24)}"
            ),
            lambda: chance.choice(("sk_live_", "rk_live_", "sk_test_")) + _drawn(chance, chance.choice((24, 99))),
            lambda: f"whsec_{_drawn(chance, 32)}",
            lambda: f"AIza{_drawn(chance, 35, url)}",
            lambda: f"ya29.{_drawn(chance, 120, url)}",
            lambda: f"npm_{_drawn(chance, 36)}",
            lambda: f"pypi-AgEIcHlwaS5vcmc{_drawn(chance, 150, url)}",
            lambda: f"SG.{_drawn(chance, 22, url)}.{_drawn(chance, 43, url)}",
            lambda: chance.choice(("sk-", "sk-proj-", "sk-ant-api03-")) + _drawn(chance, 48),
            lambda: f"SK{_drawn(chance, 32, hexadecimal)}",
            lambda: f"dop_v1_{_drawn(chance, 64, hexadecimal)}",
            lambda: f"shpat_{_drawn(chance, 32, hexadecimal)}",
            lambda: f"{chance.randrange(10**9, 10**10)}:AA{_drawn(chance, 33, url)}",
            lambda: f"hf_{_drawn(chance, 34, string.ascii_letters)}",
            lambda: f"AccountKey={_drawn(chance, 86, _BASE64)}==",
            lambda: f"lgi_{_drawn(chance, 43, url)}",
            lambda: _private_key(chance),
        )
    )()


def _private_key(chance: random.Random) -> str:
    kind, end = chance.choice(("RSA ", "EC ", "OPENSSH ", "")), chance.choice(("\n", "\\n", "\r\n"))
    lines = [_drawn(chance, 64, _BASE64) for _ in range(chance.randint(1, 4))]
    return end.join((f"-----BEGIN {kind}PRIVATE KEY-----", *lines, f"-----END {kind}PRIVATE KEY-----"))


def aws(chance: random.Random) -> str:
    """Return an access key's id."""
    return chance.choice(("AKIA", "ASIA", "AROA", "AIDA")) + "".join(
        chance.choice(string.ascii_uppercase + "234567") for _ in range(16)
    )


def aws_secret(chance: random.Random) -> str:
    """Return a secret access key, which is known by its name only."""
    return "".join(chance.choice(_BASE64) for _ in range(40))


def ip(chance: random.Random) -> str:
    """Return an address of either version."""
    if chance.random() < 0.5:
        return ".".join(str(chance.randint(0, 255)) for _ in range(4))
    groups = [f"{chance.getrandbits(16):x}" for _ in range(8)]
    return ":".join(groups) if chance.random() < 0.5 else f"2001:db8::{groups[0]}"


#: The detectors with their makers, and what stands before the secret so that it is known.
MAKERS: tuple[tuple[str, Callable[[random.Random], str], tuple[str, ...]], ...] = (
    ("email", email, ("",)),
    ("card", card, ("",)),
    (
        "bearer",
        bearer,
        (
            *("Bearer ", "bearer ", "BEARER ", "Authorization: Bearer ", "Bearer%20", '"authorization": ["Bearer '),
            *("access_token=", '"access_token":"', "token_type=bearer&refresh_token=", "access_token: '"),
        ),
    ),
    ("jwt", jwt, ("",)),
    ("aws", aws, ("",)),
    (
        "aws",
        aws_secret,
        ("aws_secret_access_key=", "SecretAccessKey: ", 'AWS_SECRET_ACCESS_KEY="', 'secretAccessKey\\":\\"'),
    ),
    ("key", key, ("",)),
    ("ip", ip, ("",)),
)


def planted(count: int, seed: int) -> Iterator[tuple[str, str, str]]:
    """Yield *count* of each kind: the detector, the secret, and the text in which it stands."""
    chance = random.Random(seed)
    for name, make, before in MAKERS:
        for _ in range(count):
            secret = make(chance)
            yield name, secret, chance.choice(AROUND).replace("%s", chance.choice(before) + secret)
