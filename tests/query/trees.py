"""Random filter trees with every kind of leaf, and texts in which every piece of syntax occurs."""

from __future__ import annotations

import math

from hypothesis import strategies as st

from app.query.filter import (
    FIELDS,
    TEXT_FIELDS,
    TIME_FIELDS,
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
from app.query.language.terms import CALLS
from app.times import instant

_PIECES = (
    *("AND", "OR", "NOT", "TO", "&&", "||", "!", "!=", "*", "?", "**", "~", "~2", "^", "^2.5", ":", "/", "//"),
    *(
        '"',
        "\\",
        "\\\\",
        '\\"',
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "<",
        ">",
        ">=",
        "<=",
        "+",
        "-",
        " ",
        "\t",
        "\n",
        "\u3000",
    ),
    *("=", "|", "&", "#", "'", ";", ",", ".", "%", "@", "\0", "\ud800", "é", "İ", "ß", "日本", "😀", "\u0301"),
    *("now", "now-15m", "now/d", "2023-09-15", "T08:00:00Z", "1e999", "-5", "1.5", "error", "fail", "a", "b c"),
    *("level", "message", "metadata", "metadata.", "metadata.a.b", "timestamp", "_exists_", "traceid", "foo.bar"),
    *(f"{name}(" for name in CALLS),
)

#: Texts near the language: most have errors in them, all kinds of terms occur.
queries = st.lists(st.sampled_from(_PIECES) | st.text(max_size=3), max_size=25).map("".join)
#: Values of any kind, often made of what is syntax elsewhere.
texts = st.one_of(
    st.lists(st.sampled_from(_PIECES), max_size=4).map("".join), st.text(max_size=8), st.sampled_from(("", "error"))
)
_paths = texts.map(lambda path: f"metadata.{path}")
fields = st.one_of(st.sampled_from(FIELDS), _paths)
_instants = st.tuples(st.integers(instant.FIRST[0], instant.LAST[0]), st.sampled_from((0, 1, 1000, 123_456, 999_999)))
_numbers = st.floats(allow_nan=False) | st.integers() | st.sampled_from((0, -0.0, math.inf, -math.inf, 10**400))


def _ranges(names: st.SearchStrategy[str], bounds: st.SearchStrategy[object]) -> st.SearchStrategy[Filter]:
    either = st.none() | bounds
    return st.builds(Range, names, either, either, st.booleans(), st.booleans())


_patterns = st.sampled_from(
    (r"took \d+ms", "a/b", r"a\/b", r"\Qa\/b\E", "", "(?i)x", r"a\\", '"', " ", "[/]", "^$", r"(?i)(?:^|[^\pL\pN])fail")
)
leaves = st.one_of(
    texts.map(Words),
    texts.map(Phrase),
    st.builds(Equals, fields, texts),
    st.builds(Equals, st.sampled_from(TIME_FIELDS), _instants.map(instant.text)),
    st.builds(In, fields, st.lists(texts, max_size=3).map(tuple)),
    st.builds(Prefix, fields, texts),
    st.builds(Contains, fields, texts),
    st.builds(Wildcard, fields, texts),
    st.builds(Matches, st.sampled_from(TEXT_FIELDS) | _paths, _patterns),
    _ranges(st.sampled_from(TIME_FIELDS), _instants),
    _ranges(st.just("level"), st.integers(0, 6)),
    _ranges(_paths, _numbers),
    fields.map(Exists),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda parts: And(tuple(parts))),
        st.lists(inner, max_size=4).map(lambda parts: Or(tuple(parts))),
        inner.map(Not),
    ),
    max_leaves=8,
)
