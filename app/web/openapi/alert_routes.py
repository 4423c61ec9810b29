"""The routes of saved searches and alerts, for the table of routes."""

from __future__ import annotations

from app.alerts import change as verbs
from app.ports.alerts import NAME_LIMIT
from app.ports.notices import SEVERITIES
from app.web.alerts import saved
from app.web.answers.alerts import AlertAnswer, AlertsAnswer, SavedSearchAnswer, SavedSearchesAnswer, TryAnswer
from app.web.answers.reply import DoneAnswer
from app.web.openapi.route import TEXT, Parameter, Route, choice, whole

_NAME = {"type": "string", "minLength": 1, "maxLength": NAME_LIMIT}
SEARCH = ("name", *saved.PARAMETERS)
ALERT = ("name", "search", *verbs.FIELDS)

#: Parameters of the page that a search keeps beside its query; the table below replaces those that other routes describe.
OF_THE_PAGE = {name: Parameter(TEXT, "A parameter of the search page, kept as it is.") for name in saved.PARAMETERS}
PARAMETERS = {
    "name": Parameter(_NAME, "A name that no other has."),
    "search": Parameter(TEXT, "Id or name of the saved search whose logs are counted; its range has no part in it."),
    "window": Parameter(
        {"type": ["string", "integer"], "examples": ["5m", 300]},
        "Over how long logs are counted, by arrival: whole minutes from `1m` to `7d`, or seconds.",
    ),
    "threshold": Parameter(
        whole(0, verbs.COUNT_HIGH, 1), "The limit of `at_least` and `at_most`; else the fewest logs that count."
    ),
    "factor": Parameter(
        {"type": "number", "minimum": verbs.FACTOR_LOW, "maximum": verbs.FACTOR_HIGH, "default": 2},
        "For `rises` and `falls`: how many times more, or fewer, than before.",
    ),
    "windows": Parameter(
        whole(1, verbs.WINDOWS_HIGH, 1), "For `rises` and `falls`: how many windows before; their mean."
    ),
    "fire_after": Parameter(whole(1, verbs.IN_A_ROW, 1), "Evaluations in a row, a minute each, before it fires."),
    "close_after": Parameter(whole(1, verbs.IN_A_ROW, 3), "Evaluations in a row before that is over."),
    "until": Parameter(TEXT, "Until when it is silent: RFC 3339, or `now+2h`."),
    "reason": Parameter({"type": "string", "maxLength": verbs.REASON_LIMIT}, "Why; kept in its history."),
    "which": Parameter(TEXT, "Id, or a name without a slash.", "path"),
}
#: Names by which notices are chosen on their own route.
_OWN = (
    ("kind", Parameter(choice(*verbs.KINDS), "When it fires, by the number of logs in the window.")),
    ("severity", Parameter(choice(*SEVERITIES, default="error"), "Severity of its notice.")),
)

#: Elsewhere it is the field by which a histogram counts.
_BY = ("by", Parameter(TEXT, "Who; the user or the address, if not said."))

_BODY = (400, 413, 415, 503)
_NAMED = (400, 404, 413, 415, 503)
_SAMPLE = (("name", "errors"), ("q", "level:error"))
_WATCHED = (("name", "many errors"), ("search", "errors"), ("kind", "at_least"), ("window", "5m"), ("threshold", 100))
_ADD_ALERT = """-d '{"name": "many-errors", "search": "errors", "kind": "at_least", "window": "5m", "threshold": 100}' HOST/alerts"""

ROUTES = (
    Route("/searches", ("GET",), "Saved searches", SavedSearchesAnswer, "HOST/searches"),
    Route(
        "/searches",
        ("POST",),
        "Save a search",
        SavedSearchAnswer,
        """-d '{"name": "errors", "q": "level:error", "from": "now-1d"}' HOST/searches""",
        SEARCH,
        status=201,
        sample=_SAMPLE,
        required=("name",),
        errors=_BODY,
    ),
    Route(
        "/searches/{which}",
        ("GET",),
        "A saved search",
        SavedSearchAnswer,
        "HOST/searches/errors",
        others=("which",),
        about="A browser is led to the search page.",
        errors=(400, 404, 503),
    ),
    Route(
        "/searches/{which}",
        ("PUT",),
        "Change a saved search",
        SavedSearchAnswer,
        """-X PUT -d '{"from": "now-2d"}' HOST/searches/errors""",
        SEARCH,
        ("which",),
        "What the body names is changed; an empty parameter is removed.",
        sample=(("from", "now-2d"),),
        errors=_NAMED,
    ),
    Route(
        "/searches/{which}",
        ("DELETE",),
        "Forget a saved search",
        DoneAnswer,
        "-X DELETE HOST/searches/errors",
        others=("which",),
        about="Not while an alert watches it.",
        errors=(400, 404, 503),
    ),
    Route("/alerts", ("GET",), "Alerts with their states", AlertsAnswer, "HOST/alerts"),
    Route(
        "/alerts",
        ("POST",),
        "Make an alert",
        AlertAnswer,
        _ADD_ALERT,
        ALERT,
        status=201,
        sample=_WATCHED,
        required=("name", "search", "kind", "window"),
        own=_OWN,
        errors=_BODY,
    ),
    Route(
        "/alerts/{which}",
        ("GET",),
        "An alert, and what happened to it",
        AlertAnswer,
        "HOST/alerts/many-errors",
        others=("which",),
        errors=(400, 404, 503),
    ),
    Route(
        "/alerts/{which}",
        ("PUT",),
        "Change an alert",
        AlertAnswer,
        """-X PUT -d '{"threshold": 200}' HOST/alerts/many-errors""",
        ALERT,
        ("which",),
        "What the body names is changed. Another query or condition begins anew.",
        sample=(("threshold", 200),),
        own=_OWN,
        errors=_NAMED,
    ),
    Route(
        "/alerts/{which}",
        ("DELETE",),
        "Forget an alert",
        DoneAnswer,
        "-X DELETE HOST/alerts/many-errors",
        others=("which",),
        errors=(404, 503),
    ),
    Route(
        "/alerts/{which}/silence",
        ("POST",),
        "Silence an alert",
        AlertAnswer,
        """-d '{"until": "now+2h", "reason": "the disk is being replaced"}' HOST/alerts/many-errors/silence""",
        ("until", "reason", "by"),
        ("which",),
        "While it lasts the alert opens no notice; it is evaluated all the same.",
        sample=(("until", "now+2h"),),
        required=("until",),
        own=(_BY,),
        errors=_NAMED,
    ),
    Route(
        "/alerts/{which}/silence",
        ("DELETE",),
        "End a silence",
        AlertAnswer,
        "-X DELETE HOST/alerts/many-errors/silence",
        others=("which",),
        errors=(404, 503),
    ),
    Route(
        "/alerts/{which}/test",
        ("GET",),
        "What an alert would do now",
        TryAnswer,
        "HOST/alerts/many-errors/test",
        others=("which",),
        about="Counts the window that ends now; nothing is changed.",
        errors=(400, 404, 503),
    ),
)
