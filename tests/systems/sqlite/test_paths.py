"""What the index counts and keeps of metadata is what `scalars` finds in them, however they nest."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.log.codec import encode
from app.log.record import LogRecord
from app.log.scalars import as_text, number, scalars, sortable, type_of
from app.systems.sqlite.index import tallying, terms
from app.systems.sqlite.index.scan import marks
from app.systems.sqlite.segments.segment import LogColumns
from tests.thorough import examples

LEAVES = (
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-5, 5) | st.sampled_from(["", "x", "A b", "y" * 300])
)
#: Few names, with dots in some, so that paths of different nesting meet.
NAMES = st.sampled_from(["a", "b", "a.b", "", "."])
METADATA = st.dictionaries(
    NAMES,
    st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)),
    max_size=4,
)


def record(metadata: dict[str, Any]) -> LogRecord:
    """Return a log with these metadata."""
    return LogRecord(b"0" * 16, 0, 0, "info", "", metadata=metadata)


@settings(max_examples=examples(400), deadline=None)
@given(st.lists(METADATA, max_size=4))
def test_paths_are_counted_once_a_log(several: list[dict[str, Any]]) -> None:
    """With the type of each value; logs of one layout are counted together."""
    records = [record(metadata) for metadata in several]
    columns = LogColumns.of(records)
    counted = tallying.tallies(columns)[1]
    assert tallying.tallies(columns._replace(metadata=list(map(encode, several))))[1] == counted
    expected: dict[str, int] = {}
    for metadata in several:
        for path in {f"{path}\0{type_of(value)}" for path, value in scalars(metadata, "metadata")}:
            expected[path] = expected.get(path, 0) + 1
    found = {path: count for (field, path), count in counted.items() if field == tallying.PATHS}
    assert {path: count for path, count in found.items() if path.startswith("metadata")} == expected


@settings(max_examples=examples(400), deadline=None)
@given(st.lists(METADATA, max_size=4))
@example([{"a": True}, {"a": 1}, {"a": 1.0}, {"a": {"a": 1.0}}, {"a": {"a": False}}, {"a.a": "x"}])
def test_marks_are_those_of_all_scalars(several: list[dict[str, Any]]) -> None:
    """Values that are equal to Python and not to us, as true and 1 are, are both marked."""
    expected = {
        one
        for metadata in several
        for path, value in scalars(metadata, "metadata")
        for one in marks.value_hashes(path, [as_text(value)])
    }
    assert set(marks.metadata_hashes(several)) == expected


def test_logs_that_differ_are_counted_column_by_column() -> None:
    """As they are where few differ, and each is looked into once: one path a log, whether a key has dots or not."""
    plain = [{"n": n, "host": {"name": f"h{n}"}, "tags": ["a", 1, 2.5]} for n in range(64)]
    alike = [{"a": {"b": 1}, "a.b": 2}] * 64
    for metadata in (plain, alike, plain + alike):
        records = list(map(record, metadata))
        logs = LogColumns.of(records)
        assert tallying.tallies(logs._replace(metadata=list(map(encode, metadata)))) == tallying.tallies(logs)
    counted = tallying.tallies(LogColumns.of(list(map(record, plain + alike))))[1]
    assert counted[tallying.PATHS, "metadata.a.b\0number"] == counted[tallying.PATHS, "metadata.tags\0number"] == 64


@settings(max_examples=examples(400), deadline=None)
@given(METADATA)
@example({"pid": 812, "zero": 0, "below": -5, "true": True, "large": 2**63, "largest": 10**400})
@example({"large": 2**63 - 1, "below": 1 - 2**63, "least": -(2**63), "list": [812, 2**63 - 1]})
def test_terms_are_those_of_all_scalars(metadata: dict[str, Any]) -> None:
    """Each value is there by its path, a number by its order too, and each path above one exists; nothing else does."""
    found = set(terms.document(record(metadata)).split(" "))
    values, numbers, existing = set[str](), set[str](), set[str]()
    for path, value in scalars(metadata, "metadata"):
        values.add(terms.value_term(path, as_text(value)))
        if (comparable := number(value)) is not None:
            numbers.add(terms.number_start(path) + sortable(comparable))
        parts = path.split(".")
        existing |= {terms.exists_term(".".join(parts[:length])) for length in range(1, len(parts) + 1)}
    assert values <= found
    assert {term for term in found if term.startswith("n~")} == numbers
    assert {term for term in found if term.startswith("e~m")} == existing
    assert {term for term in found if term.startswith("m~") and "^. " not in term and not term.endswith("^.")} <= values
