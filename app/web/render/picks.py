"""Values as buttons that narrow the search: one keeps the logs that have it, the other excludes them."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, unquote

from markupsafe import Markup, escape

from app.query.filter import TEXT_LIMIT, Equals, Leaf, Phrase
from app.query.highlights import Span
from app.web.render.display import EMPTY, breaking, marked, plain, shorten

#: Characters from which on a value may be cut where it is shown.
LONG = 24


def picked(field: str, value: str) -> str:
    """Return field and value as the one text that `keep` and `exclude` carry."""
    return f"{quote(field, safe='')}={value}"


def unpick(text: str) -> Leaf:
    """Return the leaf that `keep` or `exclude` names; raises ValueError when it names none."""
    field, equals, value = text.partition("=")
    if not equals or not field:
        raise ValueError("is not a field, an equals sign and a value")
    field = unquote(field)
    return Phrase(value) if field == "message" else Equals(field, value)


def pick(value: str, field: str, spans: Sequence[Span] = ()) -> Markup:
    """Return *value* as a button that keeps only logs with it, and beside it one that excludes them."""
    shown, named = marked(value, spans) or EMPTY, escape(picked(field, value))
    # Only what may be cut needs saying once more: a page has hundreds of these.
    title = ""
    if len(value) > LONG:
        shown = breaking(shown)
        title = f' title="Keep only {escape(plain(value))}"'
    if len(value) > TEXT_LIMIT:
        return Markup('<bdi title="{}">{}</bdi>').format(plain(shorten(value)), shown)
    # Without quotation marks where none are needed, for the same reason.
    return Markup(  # noqa: S704 - each part is escaped
        f'<button form=state name=keep value="{named}"{title}><bdi>{shown}</bdi></button>'
        f'<button form=state name=exclude value="{named}" tabindex=-1 aria-label="Exclude {escape(plain(value))}">\u2212</button>'
    )
