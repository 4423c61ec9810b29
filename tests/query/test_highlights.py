"""What is marked of a value: exactly where a leaf holds, in bounded time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings

from app.log.fold import word_spans, words
from app.query.filter import Contains, Exists, Filter, Leaf, Matches, Not, Phrase, Words, leaves
from app.query.highlights import SECONDS, SPANS, Scalar, Spans
from app.query.language.parse import parse
from app.query.meaning import predicate, values
from tests.samples import filters_over, random_records
from tests.thorough import examples

RECORDS = random_records(11, 120)


def marked(q: str, value: Scalar, field: str = "message", shown: int | None = None) -> list[str]:
    """Return the texts that the query *q* marks in a value."""
    return [str(value)[start:end] for start, end in Spans(parse(q, 0)).of(field, value, shown)]


@pytest.mark.parametrize(
    ("q", "text", "found"),
    [
        pytest.param("failed", "It FAILED, then failed_again", ["FAILED", "failed"], id="words-without-case"),
        pytest.param("cafe x", "the Cafe\u0301, X", ["Cafe\u0301", "X"], id="words-without-accents"),
        pytest.param("a b", "only a", [], id="one-of-two-words"),
        pytest.param("本", "日本", ["本"], id="a-script-without-blanks"),
        pytest.param('"to connect"', "to connect to, Connect", ["to connect", "to, Connect"], id="phrase"),
        pytest.param('"a a"', "a a a a", ["a a", "a a"], id="phrase-that-repeats"),
        pytest.param("message:*onn*", "ConNected on", ["onN"], id="contains"),
        pytest.param("message:*É*", "é e", ["é"], id="contains-minds-accents"),
        pytest.param("fail*", "fail failed unfailing", ["fail", "fail"], id="prefix-of-a-word"),
        pytest.param("f??l", "fail full fool", ["fail", "full", "fool"], id="wildcards-side-by-side"),
        pytest.param(r"/\d+ms/", "é 12ms 3ms", ["12ms", "3ms"], id="regex"),
        pytest.param("/T.../", "Time time", ["Time"], id="regex-minds-case"),
        pytest.param("/x*/", "aéx", ["x"], id="regex-that-fits-nothing-too"),
        pytest.param("NOT a", "a", [], id="denied"),
        pytest.param("NOT (NOT a OR b)", "a b", ["a"], id="denied-twice"),
        pytest.param("a OR zz", "a", ["a"], id="any"),
        pytest.param("one onetwo message:*netw*", "one onetwo", ["one", "onetwo"], id="over-each-other"),
        pytest.param("level:error", "error", [], id="another-field"),
        pytest.param('"<b>"', "a <b> c", ["b"], id="hostile"),
    ],
)
def test_marks_in_a_message(q: str, text: str, found: list[str]) -> None:
    """Each kind of leaf marks what it finds, as it finds it."""
    assert marked(q, text) == found


@pytest.mark.parametrize(
    ("q", "field", "value", "found"),
    [
        ("level:error", "level", "ERROR", ["ERROR"]),
        ("level:>=warn", "level", "fatal", ["fatal"]),
        ("level:>=warn", "level", "info", []),
        ("resourceId:web-1", "resourceId", "web-1", ["web-1"]),
        ("resourceId:web-1", "resourceId", "WEB-1", []),
        ("resourceId:(a OR b)", "resourceId", "b", ["b"]),
        ("resourceId:we*", "resourceId", "Web-1", ["Web-1"]),
        ("metadata.n:[1 TO 5]", "metadata.n", 3, ["3"]),
        ("metadata.n:[1 TO 5]", "metadata.n", "3", []),
        ("_exists_:traceId", "traceId", "t", []),
    ],
)
def test_marks_in_a_field(q: str, field: str, value: Scalar, found: list[str]) -> None:
    """What is asked for as a whole is marked as a whole, where it holds."""
    assert marked(q, value, field) == found


@settings(max_examples=examples(150), deadline=None)
@given(tree=filters_over(RECORDS))
def test_a_leaf_marks_what_satisfies_it(tree: Filter) -> None:
    """A value is marked if and only if the predicate holds for it; save empty ones, and patterns that fit nothing."""
    for leaf in leaves(tree):
        for record in RECORDS[:40]:
            field = "message" if isinstance(leaf, Words | Phrase) else leaf.field
            found = [span for value in values(record, field) for span in Spans(leaf).of(field, value)]
            if found:
                assert predicate(leaf)(record), (leaf, found)
            elif predicate(leaf)(record):
                assert _says_nothing(leaf, field, [str(value) for value in values(record, field)]), (leaf, record)
            assert Spans(Not(leaf)).of(field, record.message) == []


def _says_nothing(leaf: Leaf, field: str, texts: list[str]) -> bool:
    empty = isinstance(leaf, Exists) or field in ("timestamp", "received") or "" in texts
    if isinstance(leaf, Words | Phrase):
        return empty or not words(leaf.text)
    pattern = isinstance(leaf, Matches)
    return empty or pattern or getattr(leaf, "text", None) == "" or getattr(leaf, "pattern", None) == ""


@pytest.mark.parametrize("record", RECORDS[:60], ids=range(60))
def test_words_have_their_places(record: object) -> None:
    """Words with places are the words, in their order, apart, and each place holds its word."""
    text = record.message  # type: ignore[attr-defined]
    found = list(word_spans(text))

    assert [word for word, _, _ in found] == words(text)
    assert all(word in words(text[start:end]) or len(word) == 100 for word, start, end in found)


def test_only_what_is_shown_is_marked_though_all_is_asked_for() -> None:
    """A word beyond what is shown counts for whether the leaf holds; marks end where the shown text ends."""
    text = "foo " * 10 + "x" * 5_000 + " bar"

    assert marked("foo bar", text, shown=20) == ["foo"] * 5
    assert marked("foo baz", text, shown=20) == []
    assert marked("foo", text, shown=10) == ["foo", "foo", "fo"]
    assert marked("/o x+/", text, shown=50) == ["o " + "x" * 10]


def test_only_the_looking_takes_of_the_time() -> None:
    """A page may take long for other things: what it shows at its end is marked all the same."""
    spans = Spans(Words("foo"))
    until = time.thread_time() + 1.2 * SECONDS
    while time.thread_time() < until:
        pass

    assert spans.of("message", "a foo") == [(2, 5)]


def test_when_the_time_is_over_nothing_is_marked() -> None:
    """Values that come after one that took all of it are shown without marks."""
    spans = Spans(Matches("message", "(?s)a(.*b)?"))

    assert spans.of("message", "a" * (1 << 20))
    assert spans.of("message", "a") == []


@pytest.mark.parametrize(
    "tree",
    [
        pytest.param(Matches("message", "(?s)a(.*b)?"), id="each-match-reads-all"),
        pytest.param(Matches("message", "a|(.*b)"), id="alternatives"),
        pytest.param(Words("a"), id="words"),
        pytest.param(Phrase("a " * 400 + "b"), id="phrase-nearly"),
        pytest.param(Contains("message", "a a"), id="contains"),
    ],
)
def test_a_hostile_message_takes_bounded_work(tree: Filter) -> None:
    """A MiB made for the pattern costs the time given, and one step more; there are only so many marks."""
    text = "a " * (1 << 19)
    begun = time.thread_time()

    found = Spans(tree).of("message", text)

    assert len(found) <= SPANS
    assert time.thread_time() - begun < 20 * SECONDS
