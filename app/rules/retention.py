"""The text of retention rules: `FILTER AGE; FILTER AGE; hold FILTER; default AGE`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.errors import InvalidInput, Problem
from app.query.filter import EVERYTHING
from app.rules.fault import RuleFault, filter_of
from app.rules.rule import RetentionRule, RetentionRules
from app.times.lengths import PERIODS

#: Most rules: each costs a search every five minutes.
RULES = 50
_AGE = re.compile(r"(?P<filter>.*\S)\s+(?P<number>\d{1,6})\s*(?P<unit>[smhdw])", re.DOTALL)
#: Texts in quotes, and patterns between slashes, in which a semicolon ends no rule.
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"?|(?<=[:\s(])/(?:[^/\\\n]|\\.)*/|[;\n]|[^;\n"/]+|/')


def parse(text: str) -> RetentionRules:
    """Return the rules in *text*, with semicolons or ends of lines between them.

    Raises InvalidInput with a problem for each rule at fault, whose `position` counts in the text from 0.
    """
    holds, rules, problems = list[RetentionRule](), list[RetentionRule](), list[Problem]()
    for at, part in _parts(text):
        try:
            rule = _rule(part, at)
            if rules and rules[-1].filter == EVERYTHING and rule.seconds is not None:
                raise RuleFault("stands behind `default`, which all other logs fall under", at)
        except RuleFault as fault:
            problems.append(Problem(str(fault), "rules", fault.position))
            continue
        (holds if rule.seconds is None else rules).append(rule)
    if len(holds) + len(rules) > RULES:
        problems.append(Problem(f"are {len(holds) + len(rules)} rules; {RULES} may be in force", "rules"))
    if problems:
        raise InvalidInput(*problems)
    return RetentionRules(tuple(holds), tuple(rules))


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """Yield the texts of the rules with their places."""
    start = 0
    ends = [found.start() for found in _PIECE.finditer(text) if found[0] in (";", "\n")]
    for end in (*ends, len(text)):
        part = text[start:end]
        if part.strip() and not part.lstrip().startswith("#"):
            yield start + len(part) - len(part.lstrip()), part.strip()
        start = end + 1


def _rule(part: str, at: int) -> RetentionRule:
    word, _, rest = part.partition(" ")
    if word == "hold":
        if not rest.strip():
            raise RuleFault("says not what to hold: `hold traceId:abc`", at)
        return RetentionRule(filter_of(rest, at + len(word) + 1), None, part)
    found = _AGE.fullmatch(part)
    if found is None or not int(found["number"]):
        raise RuleFault(f"{part!r} ends with no age such as 3d, 12h or 4w", at)
    seconds = int(found["number"]) * PERIODS[found["unit"]]
    tree = EVERYTHING if found["filter"] == "default" else filter_of(found["filter"], at)
    return RetentionRule(tree, seconds, part)
