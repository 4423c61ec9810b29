"""The routes of sources, for the table of routes."""

from __future__ import annotations

from app.ports.forms import NAME_LIMIT, PATTERN_LIMIT
from app.web.answers.reply import DoneAnswer
from app.web.answers.sources import SourceFormAnswer, SourcesAnswer
from app.web.openapi.route import TEXT, Parameter, Route
from app.web.operate import sources

_NAME = Parameter(
    {"type": "string", "minLength": 1, "maxLength": NAME_LIMIT},
    "Address, agent, token or path of the source; `*` stands for any characters, `?` for one.",
)
PARAMETERS = {
    "dialect": Parameter(TEXT, "A dialect of docs/producers.md, or a form: json, syslog, access, logfmt, text, plain."),
    "first_line": Parameter(
        {"type": "string", "maxLength": PATTERN_LIMIT},
        "An expression (RE2) that is found in the first line of each log of a text, and in no other.",
    ),
}
_OWN = (
    ("name", _NAME),
    ("zone", Parameter(TEXT, "Of times without an offset, such as `Europe/Berlin`.")),
)

ROUTES = (
    Route(
        "/sources",
        ("GET",),
        "Who sends, and how their logs are read",
        SourcesAnswer,
        "HOST/sources",
        about="`read_as` is what the last log of a source was read as; `form` names what an admin said of it.",
    ),
    Route(
        "/sources",
        ("POST",),
        "Say how sources write",
        SourceFormAnswer,
        """-d '{"name": "/var/log/shop/*", "zone": "Europe/Berlin"}' HOST/sources""",
        sources.NAMES,
        about="In the place of what was said of this name before. Of several names that fit a source the longest counts; all processes know within seconds.",
        own=_OWN,
        sample=(("name", "/var/log/shop/*"), ("zone", "Europe/Berlin")),
        required=("name",),
        errors=(400, 413, 415, 503),
    ),
    Route(
        "/sources",
        ("DELETE",),
        "Have it recognised again how sources write",
        DoneAnswer,
        "-X DELETE -G --data-urlencode 'name=/var/log/shop/*' HOST/sources",
        ("name",),
        own=(("name", _NAME),),
        sample=(("name", "/var/log/shop/*"),),
        errors=(400, 404, 503),
    ),
)
