"""The query language: what each form means, and where and why a text is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings

from app.errors import InvalidQuery, Problem
from app.query.filter import (
    EVERYTHING,
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
from app.times import instant
from tests.conftest import MakeRecord
from tests.query.trees import queries
from tests.thorough import examples

NOW = instant.parse("2023-09-15T08:30:45.5Z")[0]
A, B, C = Words("a"), Words("b"), Words("c")


def at(text: str) -> instant.Instant:
    """Return the instant of an RFC 3339 text."""
    return instant.parse(text)


def refused(text: str) -> Problem:
    """Return the problem for which *text* is refused."""
    with pytest.raises(InvalidQuery) as caught:
        parse(text, NOW)
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", EVERYTHING),
        (" \t\n", EVERYTHING),
        ("*", EVERYTHING),
        ("*:*", EVERYTHING),
        ("timeout", Words("timeout")),
        ("failed to connect", Words("failed to connect")),
        ("message:timeout", Words("timeout")),
        ('"failed to connect"', Phrase("failed to connect")),
        ('message:"failed to connect"', Phrase("failed to connect")),
        ("level:error", Equals("level", "error")),
        ('level:"very bad"', Equals("level", "very bad")),
        ("level: error", Equals("level", "error")),
        ("metadata.status:404", Equals("metadata.status", "404")),
        ("metadata.n:-5", Equals("metadata.n", "-5")),
        (r"metadata.user\ name:x", Equals("metadata.user name", "x")),
        (r"metadata.a\:b:x", Equals("metadata.a:b", "x")),
        ("resourceId:server-*", Wildcard("resourceId", "server-*")),
        ("commit:5e?342f", Wildcard("commit", "5e?342f")),
        ("traceId:*abc*", Contains("traceId", "abc")),
        (r"metadata.a:x\*", Equals("metadata.a", "x*")),
        ('metadata.a:"x*"', Equals("metadata.a", "x*")),
        ("traceId:*", Exists("traceId")),
        ("metadata:*", Exists("metadata")),
        ("_exists_:metadata.user", Exists("metadata.user")),
        (r"/took \d+ms/", Matches("message", r"took \d+ms")),
        (r"metadata.path:/^\/api\/v\d/", Matches("metadata.path", r"^/api/v\d")),
        ("level:(error OR warn)", In("level", ("error", "warn"))),
        ("message:(a OR b)", Or((A, B))),
        ("level:(error AND x)", And((Equals("level", "error"), Equals("level", "x")))),
        ("level:(a OR message:b)", Or((Equals("level", "a"), B))),
        ('message:prefix("GET /")', Prefix("message", "GET /")),
        ('message:equals("GET /")', Equals("message", "GET /")),
        ('message:contains("a  b")', Contains("message", "a  b")),
        ('message:wildcard("GET *")', Wildcard("message", "GET *")),
        (r'message:regex("a/\\d")', Matches("message", r"a/\d")),
        ('message:(equals("a") OR equals("b"))', In("message", ("a", "b"))),
    ],
)
def test_terms(text: str, wanted: Filter) -> None:
    """Each form of a term means its leaf."""
    assert parse(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a AND b", Words("a b")),
        ("a && !b", And((A, Not(B)))),
        ("a b OR c", Or((Words("a b"), C))),
        ("a OR b c", Or((A, Words("b c")))),
        ("a OR b AND c", Or((A, Words("b c")))),
        ("a || b", Or((A, B))),
        ("(a OR b) c", And((Or((A, B)), C))),
        ("NOT a b", And((Not(A), B))),
        ("NOT (a b)", Not(Words("a b"))),
        ("-a +b", And((Not(A), B))),
        ("a OR -b", Or((A, Not(B)))),
        ("-(a OR b)", Not(Or((A, B)))),
        ("-level:(a OR b)", Not(In("level", ("a", "b")))),
        ("!!a", Words("!!a")),
        ("NOT NOT a", A),
        ("NOT(a)OR(b)", Or((Not(A), B))),
        ('a"b"', And((A, Phrase("b")))),
        ("((((a))))", A),
        ("and or not", Words("and or not")),
        (r"\AND \OR", Words("AND OR")),
    ],
)
def test_operators(text: str, wanted: Filter) -> None:
    """Neighbours are joined by AND; NOT binds most tightly, then AND, then OR; `+` asks for what holds anyway."""
    assert parse(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("/var/log/app.log", Words("/var/log/app.log")),
        ("app/query/language/parse.py", Words("app/query/language/parse.py")),
        ("metadata.path:/var/log", Equals("metadata.path", "/var/log")),
        ("metadata.url:http://x:80/y?z=1", Wildcard("metadata.url", "http://x:80/y?z=1")),
        ("metadata.url:http://x:80/y", Equals("metadata.url", "http://x:80/y")),
        ("traceId:a:b:c", Equals("traceId", "a:b:c")),
        ("it's", Words("it's")),
        ("user_id=5", Words("user_id=5")),
        ("a - b", Words("a - b")),
        ("a != b", Words("a != b")),
        ("span-456", Words("span-456")),
        ("a~b", Words("a~b")),
        ("f[0]", Words("f[0]")),
        ("TO", Words("TO")),
        ("a&&b", Words("a&&b")),
    ],
)
def test_what_people_paste(text: str, wanted: Filter) -> None:
    """Paths, URLs, times and signs inside words are text, not syntax."""
    assert parse(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("metadata.ms:[1 TO 5]", Range("metadata.ms", 1.0, 5.0)),
        ("metadata.ms:{1 TO 5]", Range("metadata.ms", 1.0, 5.0, False, True)),
        ("metadata.ms:[-1.5 TO *}", Range("metadata.ms", -1.5, None)),
        ("metadata.ms:[ 1 TO\t5 ]", Range("metadata.ms", 1.0, 5.0)),
        ("metadata.ms:>=-5", Range("metadata.ms", -5.0)),
        ("metadata.ms:> 5", Range("metadata.ms", 5.0, None, False)),
        ("metadata.ms>=5", Range("metadata.ms", 5.0)),
        ("metadata.ms:(>=1 <5)", And((Range("metadata.ms", 1.0), Range("metadata.ms", None, 5.0, True, False)))),
        ("level:>=WARNING", Range("level", 4)),
        ("level>warn", Range("level", 4, None, False)),
        ("level:[debug TO info]", Range("level", 1, 2)),
        ("timestamp:>=2023-09-15T08:00:00+02:00", Range("timestamp", at("2023-09-15T06:00:00Z"))),
        ('timestamp:<"2023-09-15 08:00"', Range("timestamp", None, at("2023-09-15T08:00:00Z"), True, False)),
        ("timestamp:2023-09-15T08:00:00Z", Range("timestamp", at("2023-09-15T08:00:00Z"), at("2023-09-15T08:00:00Z"))),
        ("received:>=1694764800", Range("received", at("2023-09-15T08:00:00Z"))),
        ("timestamp:>=now-15m", Range("timestamp", at("2023-09-15T08:15:45.5Z"))),
        ("timestamp:[now-1d/d TO now/d}", Range("timestamp", at("2023-09-14"), at("2023-09-15"), True, False)),
        ("timestamp:<=now/h", Range("timestamp", None, at("2023-09-15T08:59:59.999999999Z"))),
        ("timestamp:>now/M", Range("timestamp", at("2023-09-30T23:59:59.999999999Z"), None, False)),
        ("timestamp:>=now-1M+1y", Range("timestamp", at("2024-08-15T08:30:45.5Z"))),
        ("timestamp:>=now/w", Range("timestamp", at("2023-09-11"))),
    ],
)
def test_ranges(text: str, wanted: Filter) -> None:
    """Bounds belong to a range in square brackets and with `=`; what names a whole day stays whole."""
    assert parse(text, NOW) == wanted


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("timestamp:2023-09-15", "2023-09-15", "2023-09-15T23:59:59.999999999Z"),
        ("timestamp:[2023-09-14 TO 2023-09-15]", "2023-09-14", "2023-09-15T23:59:59.999999999Z"),
        ("timestamp:now-1d/d", "2023-09-14", "2023-09-14T23:59:59.999999999Z"),
    ],
)
def test_a_date_is_its_whole_day(text: str, first: str, last: str) -> None:
    """A bare date stands for all of its day."""
    assert parse(text, NOW) == Range("timestamp", at(first), at(last))


@pytest.mark.parametrize(
    ("text", "message", "holds"),
    [
        ("fail*", "Failed to connect", True),
        ("fail*", "it failed", True),
        ("fail*", "unfailing", False),
        ("*ing", "unfailing love", True),
        ("*ing", "ingot", False),
        ("*fail*", "unFAILing", True),
        ("f?il", "fail", True),
        ("f?il", "fails", False),
        ("ti*out", "timeout", True),
        ("ti*out", "time to get out", False),
        ("10.1.*", "from 10.1.2.3", True),
        ("10.1.*", "from 110.1.2.3", False),
        ("/api/*", "GET /api/users", True),
        ("É*", "un été", True),
        ("message:fail*", "It FAILED", True),
        ('message:wildcard("fail*")', "it failed", False),
    ],
)
def test_wildcards_in_a_message_mean_words(make_record: MakeRecord, text: str, message: str, holds: bool) -> None:
    """A bare pattern fits a word of the message, without case; `*` and `?` stand for no blanks."""
    assert predicate(parse(text))(make_record(message=message)) is holds


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("level:error AND (a OR b", 16, "never closed"),
        ('level:"error', 6, "never closed"),
        ("level:error AND", 15, "expected a term after AND"),
        ("level:(", 7, "expected a term after ("),
        ("a OR OR b", 5, "expected a term before OR"),
        ("AND a", 0, "expected a term before AND"),
        ("a )", 2, "no opening bracket"),
        ("()", 1, "expected a term before )"),
        ("level:", 6, "expected a value"),
        ("level: AND a", 7, "expected a value"),
        (":x", 0, "field's name"),
        ("a\\", 1, "after the backslash"),
        ("x foo:bar", 2, "metadata.foo"),
        ("kubernetes.pod:x", 0, "metadata.kubernetes.pod"),
        ("trace_id:x", 0, "traceId"),
        ("metdata.a:x", 0, "metadata.metdata.a"),
        ("_exists_:foo", 9, "metadata.foo"),
        ("metadata:x", 9, "needs a path"),
        ("metadata.*:x", 0, "wildcards in a field's name"),
        ("roam~", 4, "not supported"),
        ('"a b"~5', 5, "not supported"),
        ("a^2", 1, "not supported"),
        ("(a b)^2", 5, "not supported"),
        ("metadata.a:[1 5]", 14, "expected TO"),
        ("metadata.a:[1 TO 5", 18, "expected ] or }"),
        ("metadata.a:[", 12, "a lower bound"),
        ("metadata.a:>", 12, "a value after >"),
        ("[1 TO 5]", 0, "a field before the range"),
        (">=5", 0, "a field before >="),
        ("metadata.a:[x TO 5]", 12, "not a number"),
        ("level:>=high", 8, "not a level"),
        ("resourceId:>5", 12, "ranges are for"),
        ("timestamp:soon", 10, "not a time"),
        ("timestamp:>now-5x", 11, "not a relative time"),
        ("timestamp:>now+9999y", 11, "outside the years"),
        ("timestamp:>2023-02-30", 11, "does not exist"),
        ("a /(/", 2, "missing )"),
        ("a " + "x" * 1001, 2, "1,000 characters"),
        ("(" * 200 + "a", 100, "100 brackets"),
        ("-" * 200 + "a", 100, "100 brackets"),
        ("metadata.a:equals(x)", 18, "in quotation marks"),
        ('metadata.a:equals("x"', 21, "expected )"),
    ],
)
def test_errors_name_their_place(text: str, position: int, expected: str) -> None:
    """A refused text is answered with the place in characters from 0 and what was expected there."""
    problem = refused(text)

    assert problem.position == position
    assert expected in problem.message


def test_limits() -> None:
    """500 conditions and 20 levels are taken, more are refused."""
    parse(" OR ".join(f"metadata.a{n}:x" for n in range(500)))
    assert "500" in refused(" OR ".join(f"metadata.a{n}:x" for n in range(501))).message
    deep = "a"
    for level in range(20):
        deep = f"(NOT ({deep}) OR b{level})" if level % 2 else f"({deep} AND level:x{level})"
    assert "20 deep" in refused(f"(NOT ({deep}) OR level:y)").message
    assert parse("a " * 4_000)
    assert "5,000" in refused("a " * 5_001).message


@given(text=queries)
@settings(max_examples=examples(1500), deadline=None)
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    """No text makes anything but a filter or an error that names a place in it."""
    try:
        parse(text, NOW)
    except InvalidQuery as error:
        (problem,) = error.problems
        assert problem.message
        assert problem.position is not None
        assert 0 <= problem.position <= len(text)


@pytest.mark.parametrize(
    "piece", ["(", "-", "NOT ", "level:(", "a OR (", '"', "/", "\\", "[", "a AND ", "((a) b) ", "!"]
)
def test_long_hostile_texts_are_answered(piece: str) -> None:
    """Length and nesting end in an answer, never in exhaustion."""
    try:
        parse(piece * 20_000, NOW)
    except InvalidQuery as error:
        assert error.problems[0].position is not None


def test_threads_parse_at_once() -> None:
    """Texts parsed at the same time don't mix."""
    texts = [f"metadata.a{n}:(x{n} OR y{n}) AND NOT (level:l{n} OR word{n})" for n in range(400)]
    alone = [parse(text) for text in texts]
    parse.__globals__["_parse_timeless"].cache_clear()

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(parse, texts))

    assert together == alone


def test_now_is_never_remembered() -> None:
    """The same text means another range a moment later."""
    assert parse("timestamp:>now-1m", NOW) != parse("timestamp:>now-1m", NOW + 1)
