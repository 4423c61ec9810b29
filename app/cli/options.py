"""Parts that the commands share: options, output as JSON, and the backends for as long as a command runs."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import tzinfo
from functools import partial, wraps
from typing import Any, TypeVar

import click
import msgspec

from app import backends as backends_module
from app.backends import Backends
from app.cli import terminal
from app.cli.recorded import recorded
from app.damage import Passed, Unread
from app.damage import unread as listed
from app.errors import Unavailable
from app.query.query import Query
from app.query.request import read_query
from app.settings.settings import Settings
from app.times.zone import read_zone

Function = TypeVar("Function", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

#: Damage that is named; all is counted.
LISTED = 10

#: The option of all commands that show logs.
zone_option = click.option(
    "--tz", metavar="ZONE", help="Zone of the times shown, and of those given without an offset: Europe/Berlin (UTC)."
)


def several(*parameters: Callable[[Any], Any]) -> Callable[[Function], Function]:
    """Return a decorator that adds options and arguments to a command, in the order in which its help shows them."""

    def add(function: Function) -> Function:
        for parameter in reversed(parameters):
            function = parameter(function)
        return function

    return add


#: QUERY and the options of its window and order.
query_options = several(
    click.argument("query", nargs=-1),
    click.option("--from", "start", metavar="TIME", help="Only logs from this time on: 2023-09-15T08:00, now-15m …"),
    click.option("--to", "end", metavar="TIME", help="Only logs up to this time."),
    click.option(
        "--clock", metavar="event|received", help="Which time is meant: the log's own, or that of its arrival."
    ),
    click.option("--sort", metavar="asc|desc", help="Oldest first or newest first (the default)."),
    zone_option,
)

#: How a source writes its logs.
form_options = several(
    click.option(
        "--as",
        "--format",
        "dialect",
        default="",
        metavar="NAME",
        help="A dialect (docs/producers.md) or a form: json, syslog, access, logfmt, text, plain; recognised by default.",
    ),
    click.option("--zone", default="", metavar="ZONE", help="Of times without an offset: Europe/Berlin (UTC)."),
    click.option(
        "--first-line", default="", metavar="REGEX", help="Found in the first line of each log, and in no other."
    ),
)


def make_query(query: tuple[str, ...], **params: Any) -> Query:
    """Return the query that arguments and options mean; raises InvalidQuery."""
    names = {"start": "from", "end": "to"}
    given = {names.get(name, name): value for name, value in params.items() if value is not None}
    return read_query({"q": " ".join(query), **given})


def zone_of(params: Mapping[str, Any]) -> tzinfo:
    """Return the zone that --tz names; raises InvalidQuery."""
    return read_zone(params["tz"] or "UTC")


def print_json(value: Any) -> None:
    """Print *value* as JSON on one line."""
    click.echo(harmless_json(value))


def harmless_json(value: Any) -> str:
    """Return *value* as JSON that a terminal only shows: what is not printable is escaped as JSON does."""
    return harmless(msgspec.json.encode(value).decode())


def harmless(text: str) -> str:
    """Return a line of JSON as one of the same meaning that a terminal only shows."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    # Beyond 16 bits JSON needs a pair of surrogates.
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def with_settings(function: Callable[..., Any]) -> Callable[..., Any]:
    """Pass the settings to a command that opens nothing."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        return function(_settings(), *args, **kwargs)

    return run


def with_backends(function: Callable[..., Any]) -> Callable[..., Any]:
    """Pass the backends to a command, and close them behind it."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        with closing(backends_module.connect(_settings())) as opened:
            return recorded(opened.record.audit_log, partial(function, opened, *args, **kwargs))

    return run


def with_parts(function: Callable[..., Any]) -> Callable[..., Any]:
    """Pass the process's `Parts` to a command that accepts logs, and close them afterwards."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        from app.process import Parts

        with closing(Parts(_settings())) as parts:
            return recorded(parts.backends().record.audit_log, partial(function, parts, *args, **kwargs))

    return run


def _settings() -> Settings:
    """Return the settings: those of the application that Flask's command line has found, else of the environment."""
    found = click.get_current_context().find_root().obj
    if found is None:
        return Settings.from_env(os.environ)
    settings: Settings = found.load_app().extensions["logingestor"].settings
    return settings


def serve_runs(settings: Settings) -> bool:
    """Return whether `logingestor serve` works on the data folder now: it holds a lock on a file in it."""
    try:
        with (settings.data_dir / "serve.lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


@contextmanager
def alone(settings: Settings, verb: str) -> Iterator[None]:
    """Keep a second run of *verb* on this data folder away; raises Unavailable when there is one."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with (settings.data_dir / f"{verb}.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable(f"another `logingestor {verb}` is at work on {settings.data_dir}") from None
        yield


def warn_of_pending(backends: Backends) -> None:
    """Say on standard error that logs are still on their way, if they are."""
    queued, lacking = backends.queue.depth().logs, backends.store.lacking().logs
    if not queued + lacking:
        return
    what = "1 accepted log" if queued + lacking == 1 else f"{queued + lacking:,} accepted logs"
    does = "stores them" if queued else "indexes them: they are stored"
    hint = "" if serve_runs(backends.settings) else f"; `logingestor serve` or `logingestor worker` {does}"
    click.echo(f"{what} can't be found yet{hint}", err=True)


def end_unread(found: Passed | Sequence[Unread], what: str) -> None:
    """Say on standard error which logs *what* lacks since they are damaged, and end with 1; return where it lacks none."""
    lost = listed(found) if isinstance(found, dict) else found
    if not lost:
        return
    for one in lost[:LISTED]:
        click.echo(f"damaged and not in {what}: {terminal.safe(one.where)}", err=True)
    more = f", {len(lost) - LISTED:,} times more than are named" if len(lost) > LISTED else ""
    logs = sum(one.logs for one in lost)
    click.echo(
        f"{what} lacks {terminal.many(logs, 'log')} that can't be read{more}; `logingestor doctor` says what to do",
        err=True,
    )
    raise SystemExit(1)
