"""The form of a message: its fixed words, and slots for what differs from log to log: numbers, times, addresses, ids.

In a form a slot is a NUL, which no log holds, and the letter of its kind. Only the first line of a message counts, as
far as CHARACTERS reach: what follows is a stack trace or data. Digits and blanks are those of ASCII, as for RE2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.query.filter import TEXT_LIMIT

#: Characters of a message that are looked at.
CHARACTERS = 500
#: Most words whose masks are remembered; words repeat, so that most are looked up only.
WORDS = 50_000
#: Kinds of slots: letter, name, and the RE2 pattern of what can stand there. ANY is one word, WILD may be several.
ANY, WILD, REPEATED = "\0*", "\0~", "\0+"
SLOTS = {
    "n": ("number", r"[-+\d.]+"),
    "t": ("time", r"[\w:.,/+\s-]+"),
    "i": ("address", r"[\w:.%]+"),
    "u": ("id", r"[\w-]+"),
    "h": ("hex", r"\w+"),
    "*": ("any", r"\S*"),
    "~": ("any", r".*"),
}
#: A number within a word.
_INSIDE = r"-?\d+"

_APART = r"\s=,;()\[\]{}\"'<>|"
_OUTER = re.compile(rf"([{_APART}]+)", re.ASCII)
#: Within such a part a colon separates words too, and a word between brackets or after an equals sign may be empty.
_INNER = re.compile(rf"([{_APART}:]*?(?:\((?=\))|\[(?=\])|=(?=\s|\Z|[;,&]))|[{_APART}:]+)", re.ASCII)
_SLOT = re.compile("\0(.)", re.DOTALL)
_DIGIT = re.compile(r"\d", re.ASCII)
_BLANK = re.compile(r"\s+", re.ASCII)
#: Blanks that a single one would not find.
SPREAD = re.compile(r"\s\s|[^\S ]", re.ASCII)

_DAY = r"\d{4}[-/.]\d\d[-/.]\d\d"
_TIME = re.compile(rf"(?:{_DAY}[T_])?\d{{1,2}}:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?", re.ASCII)
_DATE = re.compile(rf"{_DAY}|\d{{1,2}}/[A-Z][a-z]{{2}}/\d{{4}}|\d\d[/.]\d\d[/.]\d{{2,4}}", re.ASCII)
_IPV4 = r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}"
_ADDRESS = re.compile(rf"{_IPV4}|(?=.*:.*:)(?=.*[A-Fa-f]|.*::)[0-9A-Fa-f:]{{3,39}}(?:%\w+)?", re.ASCII)
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)*", re.ASCII)
_UUID = "-".join(f"[0-9A-Fa-f]{{{count}}}" for count in (8, 4, 4, 4, 12))
_HEX = r"0[xX][0-9A-Fa-f]+|(?<![0-9A-Za-z])(?=[A-Fa-f]*\d)(?=\d*[A-Fa-f])[0-9A-Fa-f]{8,}(?![0-9A-Za-z])"
_INNER_SLOTS = re.compile(
    rf"(?P<u>{_UUID})|(?P<i>(?<![\d.]){_IPV4}(?![\d.]))|(?P<h>{_HEX})|(?P<n>(?:(?<![0-9A-Za-z])-)?\d+)",
    re.ASCII,
)
_DAYS = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*"
_MONTHS = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
#: A date in words, in a form: `Sun Jul \0n \0t \0n`.
_SPOKEN = re.compile(
    rf"\b(?:{_DAYS},? +)?(?:{_MONTHS}[ -]+\0n|\0n[ -]{_MONTHS}[ -]\0n)(?:,? +\0[nt])*|\0t(?: +\0t)+|\0t,\0n"
)


class Masks(dict[str, str]):
    """Words with slots in the place of what differs, each made once; a fixed number is remembered."""

    def __missing__(self, word: str) -> str:
        made = mask(word)
        if len(self) < WORDS:
            self[word] = made
        return made


def mask(word: str) -> str:
    """Return *word* with its slots. A word without a digit is fixed: names differ too, which only other logs can show."""
    if _DIGIT.search(word) is None:
        return word
    if _ADDRESS.fullmatch(word):
        return "\0i"
    if _TIME.fullmatch(word) or _DATE.fullmatch(word):
        return "\0t"
    if ":" in word:
        return ":".join(map(mask, word.split(":")))
    if _NUMBER.fullmatch(word):
        return "\0n"
    return _INNER_SLOTS.sub(lambda found: f"\0{found.lastgroup}", word)


def words(line: str) -> list[str]:
    """Return words and what parts them, in turn."""
    return _OUTER.split(line)


@dataclass(frozen=True, slots=True)
class MessageForm:
    """The words of a message and the texts between them, one fewer than words."""

    words: tuple[str, ...]
    between: tuple[str, ...]

    @classmethod
    def of(cls, masked: str) -> MessageForm:
        """Return the form of a masked line; three or more like words with a slot in a row are one, repeated."""
        pieces = _INNER.split(_SPOKEN.sub("\0t", masked))
        found, between = [pieces[0]], list[str]()
        for at in range(2, len(pieces), 2):
            word = pieces[at]
            if word == found[-1].removesuffix(REPEATED) and "\0" in word and not word.endswith("\0t"):
                found[-1] = word + REPEATED
                continue
            found.append(word)
            between.append(_BLANK.sub(" ", pieces[at - 1]))
        return cls(tuple(found), tuple(between))


@dataclass(frozen=True, slots=True)
class TemplatePart:
    """A piece of a template: fixed text, or the kind of a slot."""

    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """The words that messages have in common; `ending` is what follows them: nothing, perhaps further lines, or anything."""

    form: MessageForm
    ending: str = ""
    #: Whether its blanks stand for any number of blanks and tabs.
    spread: bool = False

    def parts(self) -> list[TemplatePart]:
        """Return fixed texts and slots in their order."""
        found = list[TemplatePart]()
        for piece in self._pieces():
            for at, text in enumerate(_SLOT.split(piece)):
                if at % 2 == 0:
                    _add(found, text)
                elif text == REPEATED[1]:
                    _add(found, "\u2026")
                else:
                    found.append(TemplatePart("", SLOTS[text][0]))
        if self.ending and not (found and found[-1].text.endswith("\u2026")):
            _add(found, "\u2026")
        return found

    def text(self) -> str:
        """Return the template as a line: slots as `<number>`, or `<*>` where any word may stand."""
        return "".join(
            part.text if not part.kind else "<*>" if part.kind == "any" else f"<{part.kind}>" for part in self.parts()
        )

    def needle(self) -> str:
        """Return the longest text without blanks that stands in every message of this template."""
        runs = (run for part in self.parts() if not part.kind for run in part.text.replace("\u2026", " ").split())
        return max(filter(str.isprintable, runs), key=len, default="")

    def regex(self) -> str:
        """Return an RE2 pattern that is found in every message of this template."""
        made = "^"
        for at, piece in enumerate(self._pieces()):
            one = _piece_regex(piece)
            if self.spread and at % 2:
                one = one.replace(" ", r"[\s\v]+")
            if len(made) + len(one) > TEXT_LIMIT - 10:
                return made
            made += one
        return made + {"": "$", "lines": r"(?:\n|$)", "cut": ""}[self.ending]

    def _pieces(self) -> Iterator[str]:
        for at, word in enumerate(self.form.words):
            yield word
            if at < len(self.form.between):
                yield self.form.between[at]


def _add(parts: list[TemplatePart], text: str) -> None:
    if parts and not parts[-1].kind:
        parts[-1] = TemplatePart(parts[-1].text + text)
    elif text:
        parts.append(TemplatePart(text))


def _piece_regex(piece: str) -> str:
    if piece.endswith(REPEATED):
        one = _piece_regex(piece.removesuffix(REPEATED))
        return rf"{one}(?:\W+{one})*"
    found = ""
    for at, text in enumerate(_SLOT.split(piece)):
        if at % 2 == 0:
            found += "".join(map(_literal, text))
        else:
            found += _INSIDE if text == "n" and piece != "\0n" else SLOTS[text][1]
    return found


def _literal(character: str) -> str:
    if not character.isprintable():
        return "."
    return f"\\{character}" if character in r"\.+*?()|[]{}^$" else character


def refined(masked: str, found: Sequence[str | None], form: MessageForm) -> tuple[str, ...] | None:
    """Return the words of *form* with their digits where these belong to a name that all logs of it share.

    *found* has the words of the line as they were, None where logs differ. A number by itself stays a slot. None when
    the words can't be separated as the form has them.
    """
    parts = zip(_OUTER.split(masked), found, strict=True)
    exact = MessageForm.of("".join(word if real is None or not _named(word) else real for word, real in parts))
    return exact.words if exact.between == form.between else None


def _named(word: str) -> bool:
    return "\0" in word and any(character.isalpha() for character in _SLOT.sub("", word))
