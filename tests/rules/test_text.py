"""The text of rules: what is right is read as it was meant, and every fault is told with line and place."""

from __future__ import annotations

import pytest

from app.errors import InvalidInput, InvalidSettings
from app.query.language.parse import parse as parse_filter
from app.rules.rule import METADATA, TEXTS
from app.rules.text import RULES, parse
from app.settings.settings import Settings


def test_rules_are_read() -> None:
    """Comments and blank lines are passed over; each rule keeps its name, action, what and where."""
    rules = parse(
        """
        # secrets
        mails: hash email
        cards: mask card in message, metadata.payment

        own: remove /ssn=(\\d+)\\/x in y/ in message
        words: mask value in *.password, metadata.token
        noise: drop level:debug AND resourceId:web-*
        tenth: sample 12.5% level:info
        keep-errors: keep level:error
        """
    )
    found = [(one.name, one.action, one.detector, one.pattern, one.fields) for one in rules.redactions]
    assert found == [
        ("mails", "hash", "email", None, (*TEXTS, METADATA)),
        ("cards", "mask", "card", None, ("message", "metadata.payment")),
        ("own", "remove", None, "ssn=(\\d+)/x in y", ("message",)),
        ("words", "mask", None, None, ("*.password", "metadata.token")),
    ]
    assert [(one.name, one.fate, one.share) for one in rules.thinnings] == [
        ("noise", "drop", 0.0),
        ("tenth", "sample", 0.125),
        ("keep-errors", "keep", 1.0),
    ]
    assert rules.thinnings[0].filter == parse_filter("level:debug AND resourceId:web-*")
    assert [rule.name for rule in rules.rules] == ["mails", "cards", "own", "words", "noise", "tenth", "keep-errors"]


@pytest.mark.parametrize(
    ("line", "at", "word"),
    [
        ("mask email", 0, "name"),
        ("Mails: mask email", 0, "name"),
        ("a: cover email", 3, "cover"),
        ("a: mask", 7, "what"),
        ("a: mask emial", 8, "emial"),
        ("a: mask /(/", 8, "missing )"),
        ("a: mask /a*/", 8, "empty text"),
        ("a: mask value", 8, "field"),
        ("a: mask email in message, foo", 26, "foo"),
        ("a: mask email in metadata.", 17, "metadata."),
        ("a: drop", 7, "which logs"),
        ("a: drop level:error AND (b", 24, "filter"),
        ("a: sample level:debug", 10, "share"),
        ("a: sample 0% level:debug", 10, "share"),
        ("a: drop received:>now-1h", 8, "received"),
        ("a: keep timestamp:<2020", 8, "timestamp"),
    ],
)
def test_faults_have_line_and_place(line: str, at: int, word: str) -> None:
    """A rule with a fault is refused, with its line, the character in it, and what is wrong."""
    with pytest.raises(InvalidInput) as caught:
        parse(f"# first\nright: mask card\n{line}")
    (problem,) = caught.value.problems
    assert problem.field == "line 3"
    assert (problem.position or 0) - at in (0, 1)
    assert word in problem.message


def test_all_faults_are_told_at_once() -> None:
    """One look tells all faults; a name that stands twice and too many rules are faults, too."""
    with pytest.raises(InvalidInput) as caught:
        parse("a: mask emial\nb: mask card\nb: mask email")
    assert [problem.field for problem in caught.value.problems] == ["line 1", "line 3"]
    with pytest.raises(InvalidInput, match="rules"):
        parse("\n".join(f"r{number}: mask card" for number in range(RULES + 1)))


def test_a_start_with_a_bad_rule_is_refused() -> None:
    """No process starts with rules that it can't follow: the setting is named, with line and character."""
    with pytest.raises(InvalidSettings, match=r"LOGINGESTOR_RULES has in line 2, character 9 a fault: the pattern"):
        Settings.from_env({"LOGINGESTOR_RULES": "a: mask card\nb: mask /(/"})
    assert Settings.from_env({"LOGINGESTOR_RULES": " \n"}).rules is None
