"""The text form: whatever a tree holds, its text is read back as the same tree."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from app.query.filter import (
    EVERYTHING,
    TEXT_LIMIT,
    And,
    Contains,
    Equals,
    Exists,
    Filter,
    In,
    Matches,
    Not,
    Or,
    Phrase,
    Prefix,
    Range,
    Wildcard,
    Words,
)
from app.query.language.parse import parse
from app.query.meaning import predicate
from app.query.text import normal, text
from tests.query.trees import trees
from tests.samples import filters_over, random_records
from tests.thorough import examples

RECORDS = random_records(7, 60)
A, B, C = Equals("level", "a"), Equals("commit", "b"), Phrase("c")


@given(tree=trees)
@settings(max_examples=examples(600), deadline=None)
def test_every_tree_is_read_back(tree: Filter) -> None:
    """The text means the tree, in normal form."""
    assert parse(text(tree)) == normal(tree)


@given(tree=filters_over(RECORDS))
@settings(max_examples=examples(200), deadline=None)
def test_normal_form_keeps_the_meaning(tree: Filter) -> None:
    """The normal form, and what its text is read as, find the same logs; it is its own normal form."""
    form = normal(tree)
    wanted = [predicate(tree)(record) for record in RECORDS]

    assert [predicate(form)(record) for record in RECORDS] == wanted
    assert [predicate(parse(text(tree)))(record) for record in RECORDS] == wanted
    assert normal(form) == form


@pytest.mark.parametrize(
    ("tree", "wanted"),
    [
        (EVERYTHING, ""),
        (Or(()), "NOT *:*"),
        (Words("failed to connect"), "failed to connect"),
        (Words("to OR -not (it)"), r"to \OR \-not \(it\)"),
        (Phrase('say "hi"'), r'"say \"hi\""'),
        (Equals("level", "error"), "level:error"),
        (Equals("metadata.user name", "J. Doe"), r'metadata.user\ name:"J. Doe"'),
        (Equals("message", "exactly this"), 'message:equals("exactly this")'),
        (Equals("metadata.url", "http://x/y"), 'metadata.url:"http://x/y"'),
        (In("level", ("error", "very bad")), 'level:(error OR "very bad")'),
        (Prefix("resourceId", "server-"), 'resourceId:prefix("server-")'),
        (Contains("message", "timeout"), "*timeout*"),
        (Contains("message", "timed out"), 'message:contains("timed out")'),
        (Contains("traceId", "abc"), "traceId:*abc*"),
        (Wildcard("resourceId", "server-?*"), "resourceId:server-?*"),
        (Wildcard("message", "GET *"), 'message:wildcard("GET *")'),
        (Matches("message", r"took \d+ms"), r"/took \d+ms/"),
        (Matches("metadata.path", "^/api"), r"metadata.path:/^\/api/"),
        (Matches("metadata.path", r"^/api/\d"), r'metadata.path:regex("^/api/\\d")'),
        (Range("metadata.ms", 1, 5.5, True, False), "metadata.ms:[1 TO 5.5}"),
        (Range("metadata.ms", None, -5), "metadata.ms:<=-5"),
        (Range("level", 4), "level:>=warn"),
        (Range("timestamp", (1, 5), None, False), "timestamp:>1970-01-01T00:00:00.001000005Z"),
        (Range("timestamp", (0, 0), (0, 0)), 'timestamp:"1970-01-01T00:00:00Z"'),
        (Exists("metadata.user"), "_exists_:metadata.user"),
        (And((A, Or((B, C)))), 'level:a AND (commit:b OR "c")'),
        (Or((And((A, B)), C)), '(level:a AND commit:b) OR "c"'),
        (Not(Or((A, C))), 'NOT (level:a OR "c")'),
        (And((Words("x y"), Not(Words("z")))), "x y AND NOT z"),
        (Or((Words("x y"), C)), '(x y) OR "c"'),
    ],
)
def test_text_is_what_a_person_would_type(tree: Filter, wanted: str) -> None:
    """No needless bracket, quotation mark or backslash."""
    assert text(tree) == wanted
    assert parse(wanted) == normal(tree)


@pytest.mark.parametrize(
    ("tree", "wanted"),
    [
        (And((A, And((B, And((C,)))))), And((A, B, C))),
        (Or((A, Or((C, Or(()))))), Or((A, C))),
        (Not(Not(A)), A),
        (Not(EVERYTHING), Or(())),
        (And((A, Or(()))), Or(())),
        (Or((A, EVERYTHING)), EVERYTHING),
        (And((Words("a"), A, Words(" b  c "))), And((Words("a b c"), A))),
        (Words("  "), EVERYTHING),
        (Or((Equals("level", "x"), C, In("level", ("y", "x")))), Or((In("level", ("x", "y")), C))),
        (In("level", ("x",)), Equals("level", "x")),
        (In("level", ()), Or(())),
        (Wildcard("level", "**"), Contains("level", "")),
        (Wildcard("level", r"*a\*b*"), Contains("level", "a*b")),
        (Wildcard("level", r"\a**b\?"), Wildcard("level", r"a*b\?")),
        (Equals("timestamp", "1970-01-01T00:00:00Z"), Range("timestamp", (0, 0), (0, 0))),
        (Equals("timestamp", "1970-01-01"), Equals("timestamp", "1970-01-01")),
        (Equals("metadata", "x"), Or(())),
        (Range("metadata.a", None, 5, False, False), Range("metadata.a", None, 5, True, False)),
        (Equals("level", "a\0"), Equals("level", "a\ufffd")),
    ],
)
def test_normal_form(tree: Filter, wanted: Filter) -> None:
    """Trees that are written differently and mean the same have one form."""
    assert normal(tree) == wanted


def test_words_are_joined_within_their_limit() -> None:
    """Joined words never make a leaf that is longer than a leaf may be, however they were split."""
    word = "w" * 400
    split = And((Words(word), Words(f"{word} {word}"), Words("a")))

    assert normal(split) == And((Words(f"{word} {word}"), Words(f"{word} a")))
    assert all(len(part.text) <= TEXT_LIMIT for part in normal(split).parts)  # type: ignore[union-attr]
    assert parse(text(split)) == normal(split)
