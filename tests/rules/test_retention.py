"""The text of retention rules."""

from __future__ import annotations

import pytest

from app.errors import InvalidInput, InvalidSettings
from app.query.filter import EVERYTHING
from app.query.language.parse import parse as parse_filter
from app.rules.retention import RULES, parse
from app.rules.rule import FOR_EVER
from app.settings.settings import Settings


def test_rules_are_read() -> None:
    """Semicolons and lines divide, but not in quotes and patterns; ages have units, holds none."""
    rules = parse('# short\nlevel:debug 3d; traceId:"a;b" 12h\nmessage:/x;y/ 2w;hold resourceId:case-1; default 30 d;')
    assert [(rule.text, rule.seconds) for rule in rules.rules] == [
        ("level:debug 3d", 3 * 86_400),
        ('traceId:"a;b" 12h', 12 * 3_600),
        ("message:/x;y/ 2w", 14 * 86_400),
        ("default 30 d", 30 * 86_400),
    ]
    assert rules.rules[1].filter == parse_filter('traceId:"a;b"')
    assert rules.rules[3].filter == EVERYTHING
    assert rules.held() == parse_filter("resourceId:case-1")
    assert rules.longest(5) == FOR_EVER
    assert parse("level:debug 3d").longest(5) == 3 * 86_400


@pytest.mark.parametrize(
    ("text", "at", "word"),
    [
        ("level:debug", 0, "no age"),
        ("level:debug 3d; level:info 0d", 16, "no age"),
        ("level:debug 3d;\n level:[ 1d", 24, "filter"),
        ("hold", 0, "what to hold"),
        ("received:>now-1d 3d", 0, "received"),
        ("default 3d; level:debug 1d", 12, "default"),
        ("3d", 0, "no age"),
    ],
)
def test_faults_have_their_place(text: str, at: int, word: str) -> None:
    """A rule with a fault is refused, with its place in the text."""
    with pytest.raises(InvalidInput) as caught:
        parse(text)
    assert word in caught.value.problems[0].message
    assert caught.value.problems[0].position == at


def test_a_start_with_a_bad_rule_is_refused() -> None:
    """No worker deletes by rules that it can't read; there can't be too many."""
    with pytest.raises(InvalidSettings, match="LOGINGESTOR_RETENTION_RULES has in rules, character 17 a fault"):
        Settings.from_env({"LOGINGESTOR_RETENTION_RULES": "level:debug 3d; level:info"})
    with pytest.raises(InvalidInput, match="may be in force"):
        parse("; ".join(f"level:l{number} 1d" for number in range(RULES + 1)))
    settings = Settings.from_env({"LOGINGESTOR_RETENTION_RULES": "level:audit 400d"})
    assert settings.longest_ms == 400 * 86_400_000
    assert Settings.from_env({}).longest_ms == 30 * 86_400_000
