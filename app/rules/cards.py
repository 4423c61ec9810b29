"""Card numbers in a text: by their issuers' first digits and lengths (ISO/IEC 7812), and Luhn's check digit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.rules.edges import BEHIND
from app.rules.spans import Span

#: First digits and lengths of the issuers' numbers: Visa; Mastercard; American Express; Discover; Diners Club; JCB; UnionPay; Maestro and
#: Dankort; Mir; RuPay; Troy; Elo; Hipercard; Verve; InterPayment. UATP's, 15 digits behind a 1, are left out: too much else looks so.
_ISSUERS = (
    (r"4", (13, 16, 19)),
    (r"5[1-5]|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720", (16,)),
    (r"3[47]", (15,)),
    (r"6011|64[4-9]|65", (16, 19)),
    (r"30[0-5]|3095|36|3[89]", (14, 16, 19)),
    (r"352[89]|35[3-8]\d", (16, 19)),
    (r"62", (16, 17, 18, 19)),
    (r"5018|5019|5020|5038|5893|6304|6759|676[1-3]", (16, 19)),
    (r"220[0-4]", (16, 17, 18, 19)),
    (r"60|81|82|508", (16,)),
    (r"9792", (16,)),
    (r"4011|4312|4389|4514|4576|504175|506699|5067[0-6]|50677[0-8]|509|627780|636297|636368", (16,)),
    (r"606282|384[01]", (16, 19)),
    (r"506099|5061[0-8]|50619[0-8]|507(?:86[5-9]|8[7-9]|9[0-5]|96[0-4])", (16, 18, 19)),
    (r"636", (16, 17, 18, 19)),
)
_PREFIXES = [(re.compile(first), lengths) for first, lengths in _ISSUERS]
#: Between two groups of digits: a sign, as cards and forms show it, two blanks or a dash between two, or as URLs and HTML write a blank.
_GAP = r"(?: -? |[ .+_/\u00a0\u2009\u202f\u2010-\u2013-]|%20|&nbsp;)"
#: Groups as cards show them: 4-4-4-4 (and 3 more), 4-6-5, 4-6-4; 4-4-4-1 and 4-3-3-3 where there are 13 digits.
_GROUPED = (
    rf"\d{{4}}{_GAP}\d{{4}}{_GAP}\d{{4}}{_GAP}(?:\d{{4}}(?:{_GAP}?\d{{3}})?|\d)"
    rf"|\d{{4}}{_GAP}\d{{6}}{_GAP}\d{{4,5}}|\d{{4}}{_GAP}\d{{3}}{_GAP}\d{{3}}{_GAP}\d{{3}}"
)
#: Digits that may be a card: not within a word or a longer number, and no decimal fraction.
_CANDIDATE = re.compile(
    rf"(?=\d)(?:(?<![0-9A-Za-z_])|{BEHIND})(?<!\d[.,])(?:{_GROUPED}|\d{{13,19}})(?![0-9A-Za-z_]|[.,]\d)", re.ASCII
)
_DIGITS = re.compile(r"\d", re.ASCII)


def find(text: str) -> Iterator[Span]:
    """Yield the spans of card numbers."""
    for found in _CANDIDATE.finditer(text):
        start, end = found.span()
        # A number with a sign before it is none; a dash behind a word is no sign.
        if text[start - 1 : start] == "-" and not text[start - 2 : start - 1].isalnum():
            continue
        if is_card(digits(found[0])):
            yield start, end


def digits(text: str) -> str:
    """Return the digits of a number as it is written."""
    return "".join(_DIGITS.findall(text.replace("%20", " ")))


def is_card(number: str) -> bool:
    """Return whether the digits are a card's: an issuer's beginning and length, and a check digit that is right."""
    fits = any(first.match(number) and len(number) in lengths for first, lengths in _PREFIXES)
    return fits and len(set(number)) > 1 and _luhn(number)


def _luhn(number: str) -> bool:
    """Return whether the digits pass Luhn's check (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
