"""Where a cursor stands in a query text: what is completed there, and that what is put in means what was chosen."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.log.fold import clean
from app.query.filter import And, Equals, Exists, Words, leaves
from app.query.language.parse import parse
from app.query.language.place import place
from app.query.text import escaped, quoted, written
from tests.query.trees import queries, texts
from tests.thorough import examples


@pytest.mark.parametrize(
    ("typed", "kind", "piece", "so_far", "field"),
    [
        ("|", "term", "", "", ""),
        ("lev|", "term", "lev", "lev", ""),
        ("lev|el", "term", "level", "lev", ""),
        ("lev|el:error", "field", "level:", "lev", ""),
        ("level:|", "value", "", "", "level"),
        ("level: |", "value", "", "", "level"),
        ("level:|error", "value", "error", "", "level"),
        ("level:er|ror x", "value", "error", "er", "level"),
        ("level:error |", "term", "", "", ""),
        ("level:error an|", "term", "an", "an", ""),
        ("level:error AND|", "term", "AND", "AND", ""),
        ("level:error AND |", "term", "", "", ""),
        ("a || lev|", "term", "lev", "lev", ""),
        ("NOT lev|", "term", "lev", "lev", ""),
        ("-lev|", "term", "lev", "lev", ""),
        ("!|", "term", "", "", ""),
        ("(lev|", "term", "lev", "lev", ""),
        ("(a OR b) AND lev|", "term", "lev", "lev", ""),
        ("level:(error OR w|", "value", "w", "w", "level"),
        ("level:(error OR |)", "value", "", "", "level"),
        ("level:(error OR warn) re|", "term", "re", "re", ""),
        ("level:(a (b OR |", "value", "", "", "level"),
        ('resourceId:"we|', "value", '"we', "we", "resourceId"),
        ('resourceId:"we|b" x', "value", '"web"', "we", "resourceId"),
        ('resourceId:"we| AND message:"x"', "value", '"we', "we", "resourceId"),
        ('resourceId:"a \\"b|', "value", '"a \\"b', 'a "b', "resourceId"),
        ('resourceId:"web" |', "term", "", "", ""),
        ('resourceId:prefix("w|")', "value", '"w"', "w", "resourceId"),
        ('resourceId:prefix("w") |', "term", "", "", ""),
        ("_exists_:met|", "exists", "met", "met", "_exists_"),
        ("metadata.path:/api/u|", "value", "/api/u", "/api/u", "metadata.path"),
        ("metadata.url:http://a:8|", "value", "http://a:8", "http://a:8", "metadata.url"),
        ("metadata.a\\ b:x|", "value", "x", "x", "metadata.a b"),
        ("level:>=w|", "bound", "w", "w", "level"),
        ("level:>=|warn", "bound", "warn", "", "level"),
        ("level>=w|", "bound", "w", "w", "level"),
        ("timestamp:[no|", "bound", "no", "no", "timestamp"),
        ("timestamp:[now-1h |", "to", "", "", "timestamp"),
        ("timestamp:[now-1h TO no|]", "bound", "no", "no", "timestamp"),
        ("timestamp:[now-1h TO now] |", "term", "", "", ""),
        ("😀 lev|", "term", "lev", "lev", ""),
        ("/took \\d/ lev|", "term", "lev", "lev", ""),
        ("|level:error", "none", "", "", ""),
        ('a "phr|ase"', "none", "", "", ""),
        ("/reg|", "none", "", "", ""),
    ],
)
def test_place(typed: str, kind: str, piece: str, so_far: str, field: str) -> None:
    """The bar marks the cursor: what stands there, which piece would be replaced, what is typed of it, of which field."""
    at, text = typed.index("|") if "a ||" not in typed else len(typed) - 1, typed
    text = typed[:at] + typed[at + 1 :]

    found = place(text, at)

    assert (found.kind, text[found.start : found.end], found.typed, found.field) == (kind, piece, so_far, field)


@pytest.mark.parametrize(
    ("typed", "begins", "follows"),
    [
        ("", True, False),
        ("a ", True, True),
        ("a AND ", True, False),
        ("a n", True, True),
        ("level:(a ", True, True),
        ("level:(", True, False),
        ("a level:o", False, False),
        ('a level:"o', False, False),
    ],
)
def test_where_operators_may_stand(typed: str, begins: bool, follows: bool) -> None:
    """AND and OR follow a term, NOT begins one, and neither is part of a value."""
    found = place(typed, len(typed))

    assert (found.begins, found.follows) == (begins, follows)


@settings(max_examples=examples(500), deadline=None)
@given(text=queries, data=st.data())
def test_any_text_has_a_place_at_any_cursor(text: str, data: st.DataObject) -> None:
    """However broken a text is: the piece holds the cursor, and nothing before it is touched."""
    at = data.draw(st.integers(0, len(text)))

    found = place(text, at)

    assert 0 <= found.start <= at <= found.end <= len(text)


FRAMES = ("{}", "a AND {}", "{} OR b", "(x {})", "NOT ({} level:warn)", '"a phrase" {}')
NAMES = st.one_of(
    st.sampled_from(("level", "resourceId", "traceId", "message")), texts.map(lambda name: f"metadata.{name}")
)


@settings(max_examples=examples(400), deadline=None)
@given(name=NAMES, value=texts, frame=st.sampled_from(FRAMES), opened=st.sampled_from(("", '"', "(", "(q OR ")))
def test_what_is_put_in_means_what_was_chosen(name: str, value: str, frame: str, opened: str) -> None:
    """A field, then a value: whatever signs they hold, the query asks for exactly that, and the rest is as it was."""
    name, value = clean(name), clean(value)
    before, _, after = frame.partition("{}")
    first = place(before + after, len(before))
    text = (before + after)[: first.start] + escaped(name) + ":" + opened + (before + after)[first.end :]
    cursor = first.start + len(escaped(name)) + 1 + len(opened)

    found = place(text, cursor)
    insert = quoted(value) if found.quoted else written(name, value)
    whole = text[: found.start] + insert + (")" if "(" in opened else "") + text[found.end :]

    assert (found.kind, found.field) == ("value", name)
    if found.quoted and name == "message":
        return  # a phrase: of words, not of a whole value
    asked = {(leaf.field, text) for leaf in leaves(parse(whole)) for text in _texts(leaf)}
    assert (name, value) in asked


def _texts(leaf: object) -> tuple[str, ...]:
    return getattr(leaf, "texts", None) or ((leaf.text,) if isinstance(leaf, Equals) else ())


@settings(max_examples=examples(200), deadline=None)
@given(name=NAMES)
def test_name_after_exists(name: str) -> None:
    """A name put in after `_exists_:` is that field's."""
    found = place("_exists_:x AND a", 10)

    assert parse(f"{'_exists_:x AND a'[: found.start]}{escaped(name)} AND a") == And((Exists(clean(name)), Words("a")))
