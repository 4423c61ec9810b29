"""How a log is shown on a page: harmless, with what is invisible made visible, times in one form."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from flask.sansio.app import App
from markupsafe import Markup, escape

from app.core import instant
from app.core.filter import TEXT_LIMIT, Equals, Leaf, Phrase
from app.core.fold import fold
from app.core.meaning import as_text, scalars
from app.core.record import SEVERITY, LogRecord, id_text

#: Most characters of a message in the table; the log's own page has the whole.
MESSAGE_SHOWN = 1_000
#: Most characters of a value among the most frequent of its field.
VALUE_SHOWN = 200
#: Widths of the columns of the table, in characters, as the style sheet has them.
LEVEL_WIDTHS = (5, 8, 12)
RESOURCE_WIDTHS = (9, 12, 18, 24, 32)
#: Most fields listed for one log; its JSON has them all.
FIELDS_SHOWN = 500

#: Characters that a reader would not see, or that would reorder what stands beside them: C0 and C1
#: controls save tab and line feed, marks and overrides of direction, blanks of no width, tags.
_HIDDEN = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]+"
)
#: What stands where a value is the empty text, so that it can be seen and pressed.
EMPTY = Markup('<i class="none">empty</i>')
_JSON_KEY = re.compile(r"^( *)(&#34;.*?&#34;)(?=: )", re.MULTILINE)


def _code(character: str) -> str:
    # Not the pictures at U+2400: few monospace fonts have them, and \x1b is how a log's reader knows them.
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _codes(found: re.Match[str]) -> str:
    return f'<span class="ctl">{"".join(map(_code, found[0]))}</span>'


def visible(text: str) -> Markup:
    """Return *text* escaped, a code such as `\\x1b` in place of each character that would act instead of showing."""
    escaped = escape(text)
    # As a plain text: Markup would escape once more what is put into it.
    return Markup(_HIDDEN.sub(_codes, str(escaped))) if _HIDDEN.search(escaped) else escaped


def clip(text: str, most: int = MESSAGE_SHOWN) -> Markup:
    """Return what the table shows of a message."""
    return visible(shorten(text, most)) or EMPTY


def shorten(text: str, most: int = VALUE_SHOWN) -> str:
    """Return the first *most* characters of *text*."""
    return text if len(text) <= most else text[:most] + "\u2026"


def columns(records: Sequence[LogRecord]) -> str:
    """Return the CSS classes of a table of *records*: its columns are as wide as their longest value needs."""
    level = max((len(record.level) for record in records), default=0)
    resource = max((len(record.resource_id or "") for record in records), default=0)
    fit = [
        f"{column}{next((width for width in widths if longest <= width), widths[-1])}"
        for column, widths, longest in (("l", LEVEL_WIDTHS, level), ("r", RESOURCE_WIDTHS, resource))
    ]
    return " ".join((*fit, "ns") if any(record.ns for record in records) else fit)


def plain(text: str) -> str:
    """Return *text* with codes in place of hidden characters, for where no tag can stand."""
    return _HIDDEN.sub(lambda found: "".join(map(_code, found[0])), text)


def pretty(record: LogRecord) -> Markup:
    """Return the log as indented JSON that may be copied as it stands: hidden characters are escaped as JSON does."""
    shown = json.dumps(record.to_dict(), indent=2, ensure_ascii=False)
    shown = escaped(shown)
    return Markup(_JSON_KEY.sub(r'\1<span class="key">\2</span>', str(escape(shown))))


def escaped(text: str) -> str:
    """Return JSON with its hidden characters as JSON escapes them, so that it may be copied and changed as it stands."""
    # json.dumps leaves DEL as it is.
    return _HIDDEN.sub(lambda found: json.dumps(found[0])[1:-1].replace("\x7f", "\\u007f"), text)


def when(moment: instant.Instant) -> str:
    """Return the instant as `2023-09-15 08:00:00.000` in UTC, with nanoseconds where there are any."""
    shown = instant.text(moment)
    return f"{shown[:10]} {shown[11:-1]}" if len(shown) > 20 else f"{shown[:10]} {shown[11:19]}.000"


def rank(level: str) -> str:
    """Return the CSS class of a level's severity."""
    return f"s{SEVERITY.get(fold(level), 'x')}"


def breaking(shown: Markup) -> Markup:
    """Return a long name such as org.example.Class so that its line may end after a dot rather than within a word."""
    return Markup(str(shown).replace(".", ".<wbr>"))


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


def pick(value: str, field: str) -> Markup:
    """Return *value* as a button that keeps only logs with it, and beside it one that excludes them."""
    shown, named = visible(value) or EMPTY, escape(picked(field, value))
    # Only what may be cut needs saying once more: a page has hundreds of these.
    title = ""
    if len(value) > RESOURCE_WIDTHS[-2]:
        shown = breaking(shown)
        title = f' title="Keep only {escape(plain(value))}"'
    if len(value) > TEXT_LIMIT:
        return Markup('<bdi title="{}">{}</bdi>').format(plain(value), shown)
    return Markup(
        f'<button form="state" name="keep" value="{named}"{title}><bdi>{shown}</bdi></button>'
        f'<button form="state" name="exclude" value="{named}" class="ex" tabindex="-1" aria-label="Exclude {escape(plain(value))}">\u2212</button>'
    )


@dataclass(frozen=True, slots=True)
class Field:
    """One line in the list of a log's fields."""

    name: str
    value: str
    #: What `keep` and `exclude` carry, None where neither is offered.
    pick: str | None


def fields(record: LogRecord) -> list[Field]:
    """Return the log's fields save its message, as lines to show."""
    return list(_fields(record))[:FIELDS_SHOWN]


def _fields(record: LogRecord) -> Iterator[Field]:
    yield Field("timestamp", when((record.t, record.ns)), None)
    yield Field("received", when((record.received, 0)), None)
    yield Field("id", id_text(record.id), None)
    for name, value in record.sent_fields().items():
        if name not in ("timestamp", "message", "metadata"):
            yield Field(name, value, picked(name, value) if len(value) <= TEXT_LIMIT else None)
    for path, scalar in scalars(record.metadata or {}, "metadata"):
        text = as_text(scalar)
        yield Field(path, text, picked(path, text) if len(text) <= TEXT_LIMIT else None)


def mark(text: str, position: int) -> Markup:
    """Return *text* with the character at *position* marked, and a caret beneath it."""
    at = min(max(position, 0), len(text))
    before, fault, after = text[:at], text[at : at + 1], text[at + 1 :]
    if fault in ("", "\n"):
        fault, after = " ", fault + after
    return Markup("{}<mark>{}</mark>{}").format(visible(before), visible(fault), visible(after))


def install(app: App) -> None:
    """Give the templates these functions, and pages without the blank lines that tags of templates leave."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        visible=visible,
        plain=plain,
        pretty=pretty,
        when=when,
        rank=rank,
        pick=pick,
        fields=fields,
        clip=clip,
        shorten=shorten,
        breaking=breaking,
        columns=columns,
        id=id_text,
    )
    app.jinja_env.globals |= {"message_shown": MESSAGE_SHOWN, "value_shown": VALUE_SHOWN}
