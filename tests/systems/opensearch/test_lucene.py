"""Every RE2 pattern finds on OpenSearch what RE2 finds, in short texts and over the seams of long ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from app.log.record import IdSource, LogRecord
from app.ports.deadline import Budget
from app.query.filter import Contains, Filter, Matches, Not, Prefix, Wildcard
from app.query.meaning import predicate, regex
from app.query.pattern.tree import NESTING_LIMIT
from app.query.query import Query
from app.settings.settings import Retention
from app.systems.opensearch import OpenSearchIndex
from app.systems.opensearch.documents import OVERLAP, PIECE, joined, pieces
from tests.query.regexes import ALPHABET, patterns
from tests.services.fixtures import fresh_prefix
from tests.thorough import examples


def _texts(rng: random.Random) -> Iterator[str]:
    for _ in range(220):
        yield "".join(rng.choices(ALPHABET, k=rng.choice((0, 1, 2, 3, 4, 6, 9))))
    step = PIECE - OVERLAP
    for seam in (step, PIECE, 2 * step, 2 * PIECE - OVERLAP):
        for _ in range(8):
            # A run that may lie over the seam, in a text that is dull else.
            odd = "".join(rng.choices(ALPHABET, k=6))
            dull = "a" if rng.random() < 0.5 else " "
            before = dull * (seam - rng.randint(0, 7))
            yield f"{before}{odd}{dull * rng.choice((0, 1, 500, 9_000))}"


def _records() -> list[LogRecord]:
    rng, ids = random.Random(3), IdSource()
    first, second = list(_texts(rng)), list(_texts(rng))
    return [
        LogRecord(ids.take(1).to_bytes(16, "big"), number, 0, "info", message, metadata={"Key": [other]})
        for number, (message, other) in enumerate(zip(first, second, strict=True))
    ]


RECORDS = _records()


@pytest.fixture(scope="module")
def index(opensearch_url: str) -> Iterator[OpenSearchIndex]:
    """An index that holds RECORDS."""
    with fresh_prefix(opensearch_url) as url, closing(OpenSearchIndex(url, retention=Retention(86_400))) as opened:
        assert opened.add(RECORDS) == []
        opened.refresh()
        yield opened


def check(index: OpenSearchIndex, tree: Filter) -> None:
    """Compare what the index finds with what the predicate says of each record."""
    holds = predicate(tree)
    wanted = [record for record in RECORDS if holds(record)]
    page = index.find(Query(tree, sort="asc", limit=1_000, count="exact"), Budget(seconds=300))
    assert [record.t for record in page.records] == [record.t for record in wanted]
    assert (page.total, page.exact) == (len(wanted), True)


@settings(max_examples=examples(250), deadline=None, suppress_health_check=list(HealthCheck))
@given(pattern=patterns, field=st.sampled_from(("message", "metadata.Key")), negated=st.booleans())
@example(r"[^\"\\-\]]", "message", False)
@example(r'a"b|"', "message", False)
@example("()", "metadata.Key", False)
@example(r"(?i)(?:^|[^\pL\pN])s\S*(?:$|[^\pL\pN])", "message", False)
@example(r"^a.*_$", "message", True)
@example(r"(?m)^$", "message", False)
@example(r"\ba\b.*\bb\b", "message", False)
@example(r"[ab]*a[ab]{18}", "message", True)
@example(r"(?s)a{900}", "message", False)
@example(r"a{501}\B", "metadata.Key", True)
@example(r"#@&<>~", "message", False)
@example(r"\x00|b\C", "message", False)
def test_patterns(index: OpenSearchIndex, pattern: str, field: str, negated: bool) -> None:
    """The same logs, the same number."""
    try:
        regex(pattern)
    except ValueError:
        assume(False)
    leaf = Matches(field, pattern)
    check(index, Not(leaf) if negated else leaf)


@pytest.mark.parametrize("pattern", ["#(?i)*", "b#(?s){0,1}", r"#\Q\E*", r"b(?i)(?s)?", "a(?U)*b", "a" + "(?i)*" * 199])
def test_a_repetition_behind_flags_repeats_what_stands_before_them(index: OpenSearchIndex, pattern: str) -> None:
    """As RE2 reads it."""
    check(index, Matches("message", pattern))


@pytest.mark.parametrize("depth", [1, NESTING_LIMIT, NESTING_LIMIT + 1, 400])
def test_nested_groups_find_the_same_logs_at_any_depth(index: OpenSearchIndex, depth: int) -> None:
    """What is nested too deep for a tree is searched all the same."""
    check(index, Matches("message", "(" * depth + "a" + ")" * depth))
    check(index, Matches("message", "(?:x|" * (depth // 2) + "[a-k]+" + ")" * (depth // 2)))


_pieces = st.lists(st.sampled_from([*ALPHABET, "*", "*", "?", "\\"]), max_size=6).map("".join)


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    leaf=st.sampled_from((Wildcard, Contains, Prefix)), text=_pieces, field=st.sampled_from(("message", "metadata.Key"))
)
@example(Wildcard, "a*_", "message")
@example(Wildcard, "*?", "message")
@example(Contains, "a" * 1_000, "message")
@example(Contains, "aA" * 500, "metadata.Key")
@example(Prefix, "a" * 1_000, "message")
def test_other_leaves_over_parts_of_values(index: OpenSearchIndex, leaf: type[Wildcard], text: str, field: str) -> None:
    """Wildcards, parts and beginnings too, over the seams of long values."""
    check(index, leaf(field, text))


@pytest.mark.parametrize("length", [PIECE + 1, PIECE + 5, 2 * PIECE - OVERLAP, 2 * PIECE - OVERLAP + 1, 50_000])
def test_pieces_make_the_text_again(length: int) -> None:
    """Any length is cut, and joined to what it was."""
    text = "".join(random.Random(length).choices("ab\n ", k=length))
    parts = list(pieces(text))
    assert joined(parts) == text
    assert all(len(part) <= PIECE + 2 for part in parts)
