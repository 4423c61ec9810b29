"""How a log is shown on a page: harmless, with what is invisible made visible, times in one form."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from flask.sansio.app import App
from markupsafe import Markup, escape

from app.log.fold import fold
from app.log.ranks import RANKS
from app.log.record import id_text
from app.query.highlights import Span
from app.query.sentence import logs
from app.web.render.skew import is_ahead, skew

#: Most characters of a message in the table.
MESSAGE_SHOWN = 1_000
#: Most characters of a message on the log's page; the whole is one link away.
TEXT_SHOWN = 20_000
#: Most characters of a value among the most frequent of its field.
VALUE_SHOWN = 200

#: Characters that a reader would not see, or that would reorder what stands beside them: C0 and C1
#: controls save tab and line feed, marks and overrides of direction, blanks of no width, tags.
HIDDEN = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]+"
)
#: The words in the place of an empty text, so that it can be seen and pressed.
EMPTY = Markup('<i class="none">empty</i>')


def _code(character: str) -> str:
    # Written as \x1b and not by the pictures at U+2400: few monospace fonts have those, and readers of logs know the escape.
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _codes(found: re.Match[str]) -> str:
    return f'<span class="ctl">{"".join(map(_code, found[0]))}</span>'


def visible(text: str) -> Markup:
    """Return *text* escaped, a code such as `\\x1b` in place of each character that would act instead of showing."""
    escaped = escape(text)
    # As a plain text: Markup would escape once more what is put into it.
    return Markup(HIDDEN.sub(_codes, str(escaped))) if HIDDEN.search(escaped) else escaped  # noqa: S704 - escaped above


def clip(text: str, most: int = MESSAGE_SHOWN, spans: Sequence[Span] = ()) -> Markup:
    """Return what the table shows of a message; the *spans* lie within it."""
    return marked(shorten(text, most), spans) or EMPTY


def shorten(text: str, most: int = VALUE_SHOWN) -> str:
    """Return the first *most* characters of *text*."""
    return text if len(text) <= most else text[:most] + "\u2026"


def plain(text: str) -> str:
    """Return *text* with codes in place of hidden characters, for where no tag can stand."""
    return HIDDEN.sub(lambda found: "".join(map(_code, found[0])), text)


def escaped(text: str) -> str:
    """Return JSON with its hidden characters as JSON escapes them, so that it may be copied and changed as it stands."""
    # json.dumps leaves DEL as it is.
    return HIDDEN.sub(lambda found: json.dumps(found[0])[1:-1].replace("\x7f", "\\u007f"), text)


def rank(level: str) -> str:
    """Return the CSS class of a level's severity."""
    return f"s{RANKS.get(fold(level), 'x')}"


def breaking(shown: Markup) -> Markup:
    """Return a long name such as org.example.Class so that its line may end after a dot rather than within a word."""
    return Markup(str(shown).replace(".", ".<wbr>"))  # noqa: S704 - escaped by its type


def marked(text: str, spans: Sequence[Span]) -> Markup:
    """Return *text* as `visible` does, its *spans* marked as what was searched for."""
    if not spans:
        return visible(text)
    shown: list[str] = []
    at = 0
    for start, end in spans:
        shown += (str(visible(text[at:start])), f"<mark>{visible(text[start:end])}</mark>")
        at = end
    return Markup("".join((*shown, str(visible(text[at:])))))  # noqa: S704 - each part is escaped


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
        skew=skew,
        ahead=is_ahead,
        rank=rank,
        clip=clip,
        shorten=shorten,
        breaking=breaking,
        id=id_text,
        logs=logs,
    )
    app.jinja_env.globals |= {"message_shown": MESSAGE_SHOWN, "value_shown": VALUE_SHOWN, "text_shown": TEXT_SHOWN}
