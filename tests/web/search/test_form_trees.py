"""Text and rows are two views of one filter: whatever filter it is, going from the one to the other loses nothing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from app.query.filter import And, Filter
from app.query.language.parse import parse
from app.query.normal import normal
from app.query.text import text
from app.web.search.form import ACTIONS, FilterRow, Rows, SearchForm, revise
from tests.query.trees import leaves, trees
from tests.thorough import examples

#: A time for `now`, which no filter here has.
NOW = 1_694_764_800_000


def sent(rows: Rows, q: str, **more: str) -> MultiDict[str, str]:
    """Return what the form sends of rows and text."""
    pairs = [
        (name, value) for row in rows.rows for name, value in (("k", row.key), ("o", row.operation), ("v", row.value))
    ]
    return MultiDict([*pairs, ("q", q), ("was", q), ("match", rows.match), *more.items()])


@settings(max_examples=examples(500), deadline=None)
@given(tree=trees)
def test_rows_say_what_the_text_says(tree: Filter) -> None:
    """A filter that has rows is the filter of its rows, as they were typed into inputs."""
    tree = normal(tree)
    rows = Rows.of(tree)
    if rows.nested:
        return

    back = Rows.sent(sent(rows, text(tree), go="1"))

    assert normal(back.filter(tree)) == tree


@settings(max_examples=examples(300), deadline=None)
@given(tree=trees, button=st.sampled_from(("go", "use")))
def test_pressing_a_button_unedited_changes_nothing(tree: Filter, button: str) -> None:
    """Neither searching nor applying changes a query that nobody touched, nested ones included."""
    q = text(tree)
    args = sent(Rows.of(normal(tree)), q, **{button: "1"})

    form, begun = revise(SearchForm.read({"q": q}), args, NOW)

    assert not begun
    assert args.keys() - {"q"} <= ACTIONS
    assert parse(form.q, NOW) == normal(tree)


@settings(max_examples=examples(300), deadline=None)
@given(tree=trees, more=leaves)
def test_a_row_that_is_added_narrows(tree: Filter, more: Filter) -> None:
    """A row beside a query means both, whether that has rows itself or is nested."""
    added = Rows.of(normal(more))
    before = Rows.of(normal(tree))
    if added.nested or len(added.rows) != 1 or before.match == "any":
        return
    q = text(tree)
    rows = Rows((*before.rows, added.rows[0]), "all", before.nested)

    form, _ = revise(SearchForm.read({"q": q}), sent(rows, q, use="rows"), NOW)

    assert parse(form.q, NOW) == normal(And((tree, more)))


def test_rows_hold_hard_values() -> None:
    """Blanks at the ends, commas, dots and brackets in values come back as they were."""
    for q in (
        'resourceId:(" a" OR "b, c" OR "[d]")',
        'metadata.a:prefix(" .. ")',
        "metadata.n:[-1e300 TO 5]",
        'level:("" OR x)',
    ):
        rows = Rows.of(parse(q))
        assert not rows.nested
        assert text(normal(Rows.sent(sent(rows, q)).filter(parse(q)))) == text(parse(q))
    assert Rows.of(parse("level:error")).rows == (FilterRow("level", "equals", "error"),)
