"""Add a source: what to type or configure where logs come from, with this server's address; and the first log when it lands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, render_template, request

from app.backends import Backends
from app.errors import InvalidInput, LogIngestorError, NotFound, Problem
from app.files import formats
from app.files.preview import Previewed, preview
from app.files.sources.matching import FormMatcher
from app.files.sources.shown import ShownSource
from app.log.dialects import table
from app.log.record import LogRecord
from app.ports.deadline import Budget
from app.ports.figures import SOURCES, Source
from app.ports.forms import SourceForm
from app.query.query import Query
from app.settings.values import is_loopback
from app.times.instant import now_ms
from app.times.written import Assumed
from app.times.zone import read_zone
from app.web.current import backends, parts, settings
from app.web.operate import sources
from app.web.partly import partly
from app.web.search.form import SearchForm
from app.web.security import caching
from app.web.security.errors import said
from app.web.security.recording import refreshing, returned

bp = Blueprint("add", __name__)
bp.after_request(caching.keep_none)

#: Most characters of lines that are tried.
PASTED = 1 << 20
#: Names that can be chosen, of dialects and of forms of text.
DIALECTS = (*formats.NAMES, *sorted(table.BY_NAME))
#: Sources whose last log is shown, with what it was read as.
SHOWN_SOURCES = 50
#: Logs shown once some have arrived, and seconds that finding them may take.
LOGS, PATIENCE = 5, 1.0
#: New sources that are shown (templates/_arrived.html).
SHOWN_NEW = 5
_ANY = frozenset[str]()
#: Senders in the order of the page: the name of the template, what it is called, and the doors of which it needs one, if any.
SENDERS: tuple[tuple[str, str, frozenset[str]], ...] = (
    ("curl", "curl", _ANY),
    ("python", "Python", _ANY),
    ("node", "Node.js", _ANY),
    ("java", "Java", frozenset({"loki"})),
    ("otel", "OpenTelemetry", frozenset({"otlp"})),
    ("fluentbit", "Fluent Bit", _ANY),
    ("vector", "Vector", _ANY),
    ("elastic", "Elasticsearch's clients", frozenset({"elastic"})),
    ("loki", "Loki's clients", frozenset({"loki"})),
    ("syslog", "syslog", _ANY),
    ("rsyslog", "rsyslog over HTTP", _ANY),
    ("journal", "systemd's journal", frozenset({"journal"})),
    ("gelf", "GELF", frozenset({"gelf"})),
    ("seq", "Seq's clients", frozenset({"clef"})),
    ("hec", "Splunk's clients", frozenset({"hec"})),
    ("datadog", "Datadog's agent", frozenset({"datadog"})),
    ("clouds", "Clouds", frozenset({"heroku", "vercel", "cloudflare", "firehose"})),
    ("files", "Files", _ANY),
)


@dataclass(frozen=True, slots=True)
class SendTo:
    """Where logs are sent, as the reader of the page reaches it."""

    url: str
    host: str
    port: int
    tls: bool
    #: With a slash at its beginning.
    path: str
    #: The server's own address and the path before all others, without a slash at the end.
    root: str
    prefix: str
    #: Whether it asks for the admin's password.
    password: bool
    #: Whether only this machine reaches it.
    loopback: bool

    @classmethod
    def of(cls, root: str, *, password: bool) -> SendTo:
        """Return the door of a server at the URL *root*, which ends with a slash."""
        parts = urlsplit(f"{root}logs/ingest/")
        tls, host = parts.scheme == "https", parts.hostname or "localhost"
        port, prefix = parts.port or (443 if tls else 80), parts.path.removesuffix("/logs/ingest/")
        return cls(parts.geturl(), host, port, tls, parts.path, root.rstrip("/"), prefix, password, is_loopback(host))

    @property
    def netloc(self) -> str:
        """Host and port as they stand in an address."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def scheme_host(self) -> str:
        """The address for clients that put paths of their own behind a host and a port."""
        return f"{'https' if self.tls else 'http'}://{self.netloc}"


@dataclass(frozen=True, slots=True)
class KnownSources:
    """The sources that are known, and what was said of them."""

    sources: list[ShownSource]
    forms: list[SourceForm]
    #: Why the sources are not known; None where they are.
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class Arrived:
    """The logs that have come since the page was opened."""

    #: Sources that have sent for the first time since then, and known ones that have sent; the latest first.
    new: list[Source]
    known: list[Source]
    logs: list[LogRecord]
    #: Where all that came is found.
    url: str
    #: Why the arrivals are not known; None where they are.
    missing: str | None = None

    @property
    def shown(self) -> int:
        """How many logs are shown, samples of refused ones among them."""
        refused = sum(one.refusal is not None and bool(one.refusal.sample) for one in self.new[:SHOWN_NEW])
        return len(self.logs) + refused


@bp.get("/overview/add")
@partly
def page() -> Response:
    """Show how to send; `part=arrived` gives only what has come since `since`."""
    held = backends()
    since, missing = _since(held)
    found = Arrived([], [], [], "", missing) if since is None else arrived(held, since)
    status = 200 if found.missing is None else 503
    if shown := found.shown:
        returned(shown)
    if request.args.get("part") == "arrived":
        refreshing()
        return make_response(render_template("_arrived.html", arrived=found, since=since), status)
    return make_response(_page(arrived=found, since=since), status)


@bp.post("/overview/add")
def tried() -> Response:
    """Show the page with how the pasted lines would be read; nothing is kept."""
    pasted, zone = request.form.get("lines", "")[:PASTED], request.form.get("zone", "UTC")
    previewed, fault = list[Previewed](), None
    try:
        body = pasted.replace("\r\n", "\n").encode("utf-8", "replace")
        assumed = Assumed.here(read_zone(zone))
        previewed = list(preview(body, assumed, parts().limits, now_ms(), rules=settings().rules))
    except InvalidInput as error:
        fault = said(error.problems)
    since, missing = _since(backends())
    found = Arrived([], [], [], "", missing)
    shown = _page(arrived=found, since=since, pasted=pasted, zone=zone, previewed=previewed, fault=fault)
    return make_response(shown, 400 if fault else 200)


@bp.post("/overview/add/sources")
def written() -> Response:
    """Keep or forget how sources write, and show the page with what came of it."""
    given = {name: request.form.get(name, "").strip() for name in sources.NAMES}
    done, fault = "", None
    try:
        if request.form.get("do") == "remove":
            sources.removed(given["name"])
            done = f"How {given['name']} writes is recognised again."
        else:
            done = f"Logs of {sources.kept(given).name} are read so from now on."
    except InvalidInput as error:
        fault = said(error.problems)
    except NotFound as error:
        fault = str(error)
    since, missing = _since(backends())
    found = Arrived([], [], [], "", missing)
    filled = given if fault else {}
    shown = _page(arrived=found, since=since, done=done, source_fault=fault, filled=filled)
    return make_response(shown, 400 if fault else 200)


def _known() -> KnownSources:
    try:
        record = backends().record
        forms = record.forms.forms()
        found = record.figures.sources(SHOWN_SOURCES).sources
    except LogIngestorError as error:
        return KnownSources([], [], str(error))
    matcher = FormMatcher(forms)
    return KnownSources([ShownSource.of(one, matcher) for one in found], forms)


def _page(**values: Any) -> str:
    door = SendTo.of(request.url_root, password=settings().auth == "required")
    open_doors = settings().doors
    senders = [(key, name) for key, name, needed in SENDERS if not needed or needed & set(open_doors)]
    values = {"filled": {}, "done": "", "source_fault": None, **values}
    return render_template(
        "add.html", known=_known(), dialects=DIALECTS, door=door, senders=senders, doors=open_doors, **values
    )


def _since(held: Backends) -> tuple[int | None, str | None]:
    """Return since when to wait, by the record's clock; and why that is not known."""
    text = request.args.get("since")
    if text is None:
        try:
            return held.record.figures.reading().at, None
        except LogIngestorError as error:
            return None, str(error)
    if not text.isdecimal() or len(text) > 15:
        raise InvalidInput(Problem("is not a time in ms since 1970", "since"))
    return int(text), None


def arrived(held: Backends, since: int) -> Arrived:
    """Return what has come since *since*, in ms by the record's clock."""
    url = SearchForm(start=str(since), clock="received").link()
    try:
        found = [one for one in held.record.figures.sources(SOURCES).sources if one.last > since]
        new = [one for one in found if one.first > since]
        known = [one for one in found if one.first <= since]
        logs: list[LogRecord] = []
        if any(one.logs for one in found):
            query = Query(clock="received", start=(since, 0), limit=LOGS, count="none")
            logs = list(held.index.find(query, Budget(PATIENCE)).records)
    except LogIngestorError as error:
        return Arrived([], [], [], url, str(error))
    return Arrived(new, known, logs, url)
