"""The text of rules: one a line, `name: action what [in fields]`; every fault is reported with its line and place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

from app.errors import InvalidInput, Problem
from app.rules import pattern, places
from app.rules.detectors import DETECTORS
from app.rules.fault import RuleFault, filter_of
from app.rules.rule import ACTIONS, FATES, METADATA, TEXTS, Action, Fate, Redaction, RuleSet, Thinning

#: Most rules in force.
RULES = 100
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_LINE = re.compile(r"\s*(?P<name>[^\s:]*)\s*:\s*(?P<action>\S*)\s*(?P<rest>.*?)\s*", re.DOTALL)
_WHAT = re.compile(r"(?P<what>/(?:[^/\\]|\\.)*/|\S+)(?:\s+in\s+(?P<fields>.*))?", re.DOTALL)
_SHARE = re.compile(r"(\d{1,2}(?:\.\d{1,4})?)%\s+(.*)", re.DOTALL)


def parse(text: str) -> RuleSet:
    """Return the rules in *text*: one a line; blank lines and those that begin with `#` are passed over.

    Raises InvalidInput with a problem for each line at fault: `field` is `line N`, `position` counts in that line from 0.
    """
    redactions, thinnings, problems = list[Redaction](), list[Thinning](), list[Problem]()
    names: set[str] = set()
    for number, line in _lines(text):
        try:
            rule = _rule(line, number)
            if rule.name in names:
                raise RuleFault(f"{rule.name!r} is the name of two rules", line.index(rule.name))
        except RuleFault as fault:
            problems.append(Problem(str(fault), f"line {number}", fault.position))
            continue
        names.add(rule.name)
        if isinstance(rule, Redaction):
            redactions.append(rule)
        else:
            thinnings.append(rule)
    if len(names) > RULES:
        problems.append(Problem(f"are {len(names)} rules; {RULES} may be in force", "rules"))
    if problems:
        raise InvalidInput(*problems)
    return RuleSet(tuple(redactions), tuple(thinnings))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line


def _rule(line: str, number: int) -> Redaction | Thinning:
    found = _LINE.fullmatch(line)
    if found is None:
        raise RuleFault("has no name and colon, as `mails: mask email` has", 0)
    name, action, rest = found["name"], found["action"], found["rest"]
    if not _NAME.fullmatch(name):
        raise RuleFault(f"{name!r} is no name: a small letter, then up to 39 of a-z, 0-9, - and _", found.start("name"))
    if action in ACTIONS:
        return _redaction(name, cast(Action, action), line, number, found.start("rest"), rest)
    if action in FATES:
        return _thinning(name, cast(Fate, action), line, number, found.start("rest"), rest)
    raise RuleFault(f"{action!r} is none of {', '.join((*ACTIONS, *FATES))}", found.start("action"))


def _redaction(name: str, action: Action, line: str, number: int, at: int, rest: str) -> Redaction:
    found = _WHAT.fullmatch(rest)
    if found is None:
        raise RuleFault(
            f"says not what to {action}: {', '.join(DETECTORS)}, /a pattern/, or `value in` and a field", at
        )
    what, fields = found["what"], _fields(found, at)
    detector = expression = None
    if what in DETECTORS:
        detector = what
        fields = fields or DETECTORS[what].fields
    elif len(what) > 2 and what.startswith("/") and what.endswith("/"):
        expression = what[1:-1].replace("\\/", "/")
        fields = fields or (*TEXTS, METADATA)
        try:
            pattern.finder(expression)
        except ValueError as error:
            raise RuleFault(
                f"the pattern {error}" if "empty" in str(error) else f"the pattern is refused: {error}", at
            ) from None
    elif what != "value":
        raise RuleFault(f"{what!r} is none of {', '.join(DETECTORS)}, /a pattern/ and `value`", at)
    elif not fields:
        raise RuleFault("`value` needs a field: `value in metadata.password`", at)
    return Redaction(name, action, detector, expression, fields, line.strip(), number)


def _fields(found: re.Match[str], at: int) -> tuple[str, ...]:
    fields = []
    for part in re.finditer(r"[^,]+", found["fields"] or ""):
        name = part[0].strip()
        fault = places.fault(name)
        if fault is not None:
            raise RuleFault(fault, at + found.start("fields") + part.start() + part[0].find(name))
        fields.append(name)
    return tuple(fields)


def _thinning(name: str, fate: Fate, line: str, number: int, at: int, rest: str) -> Thinning:
    share = 1.0 if fate == "keep" else 0.0
    if fate == "sample":
        found = _SHARE.fullmatch(rest)
        if found is None or not float(found[1]):
            raise RuleFault("says not which share to keep: `sample 10% level:debug`", at)
        share, at, rest = float(found[1]) / 100, at + found.start(2), found[2]
    if not rest:
        raise RuleFault(f"says not which logs to {fate}: `{fate} level:debug AND resourceId:web-*`", at)
    return Thinning(name, fate, filter_of(rest, at), share, line.strip(), number)
