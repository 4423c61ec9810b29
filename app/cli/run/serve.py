"""`logingestor serve`: web, worker and schedule in one, supervised."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import os
import socket
import time
from functools import partial
from typing import IO

import click

from app import backends
from app.cli import caught
from app.cli.run import listening
from app.cli.run.forked import FORKS, Forked
from app.cli.run.parts import load_web, web_children
from app.cli.run.supervisor import Child, Supervisor, ending
from app.errors import Unavailable
from app.settings.settings import Settings
from app.version import VERSION

#: Seconds without an answer after which the console says so; the greeting comes with the first answer, however late.
LATE_SECONDS = 30.0
#: Seconds between two tries whether it answers, before and after it is late.
FIRST_LOOK_SECONDS, LATE_LOOK_SECONDS = 0.1, 1.0
#: A log for the first try: the original format's example, shortened.
EXAMPLE = '{"level": "error", "message": "Failed to connect to DB", "resourceId": "server-1234"}'


@click.command()
def command() -> None:
    """Serve everything in one: web, worker and schedule; restart what dies; stop on Ctrl-C.

    Example: LOGINGESTOR_PORT=8080 logingestor serve
    """
    settings = Settings.from_env(os.environ)
    with contextlib.ExitStack() as stack:
        # Held here too, so that connections wait for a web process that is started again.
        listeners = [stack.enter_context(one) for one in listening.open_sockets(settings, settings.web_workers)]
        held = stack.enter_context(_alone(settings))
        _upgrade(settings)
        settings = listening.settle(settings, listeners[0])
        supervisor = Supervisor(_children(settings, listeners, held), say, partial(listening.close, listeners))
        supervisor.start()
        if _answers(listeners[0], supervisor):
            greet(listening.url(listeners[0]), settings)
        code = supervisor.run()
    if code == 0:
        say("stopped; what was accepted is kept")
    raise SystemExit(code)


def say(line: str) -> None:
    """Print a line on the console, with the time."""
    click.echo(f"{time.strftime('%Y-%m-%d %H:%M:%S')} serve {line}", err=True)


def _upgrade(settings: Settings) -> None:
    """Upgrade the database, in a process that takes what it loads with it, and load the web meanwhile."""
    if not FORKS:
        backends.upgrade(settings)
        return
    upgrading = Forked("upgrade", caught(partial(backends.upgrade, settings)))
    try:
        load_web(settings)
    finally:
        code = upgrading.wait()
    if code:
        if code < 0:
            say(f"the upgrade of the database {ending(code)}")
        raise SystemExit(1 if code < 0 else code)


def _children(settings: Settings, listeners: list[socket.socket], held: IO[str]) -> list[Child]:
    workers = [
        Child(f"worker {number}", ["-m", "workers.main"], last=True) for number in range(1, settings.workers + 1)
    ]
    # With the local broker each worker runs the schedule itself.
    schedulers = [] if settings.local_broker else [Child("scheduler", ["-m", "workers.scheduler"])]
    listening = [Child("syslog", ["-m", "app.cli", "syslog"])] if settings.listen else []
    return [*web_children(listeners, [held]), *listening, *workers, *schedulers]


def _alone(settings: Settings) -> IO[str]:
    """Hold the data folder for this `serve`; the kernel lets go of it whatever way the process ends."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        held = (settings.data_dir / "serve.lock").open("a")
    except OSError as error:
        raise Unavailable(f"the data folder can't be used: {error}") from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        raise Unavailable(f"another `logingestor serve` works on {settings.data_dir.absolute()}") from None
    return held


def _answers(listener: socket.socket, supervisor: Supervisor) -> bool:
    """Look after the processes until a web process answers; False when a signal to stop came before."""
    host, port = listener.getsockname()[:2]
    began, rest = time.monotonic(), FIRST_LOOK_SECONDS
    while not supervisor.stopping:
        connection = http.client.HTTPConnection(host, port, timeout=2)
        try:
            connection.request("GET", "/health/live")
            if connection.getresponse().status == 200:
                return True
        except OSError:
            pass
        finally:
            connection.close()
        if rest < LATE_LOOK_SECONDS and time.monotonic() > began + LATE_SECONDS:
            rest = LATE_LOOK_SECONDS
            say("no web process answers yet; the address follows once one does")
        supervisor.look(rest)
    return False


def greet(url: str, settings: Settings) -> None:
    """Print where everything is, with a line that works."""
    click.echo(f"LogIngestor {VERSION} serves {settings.data_dir.absolute()}")
    click.echo(f"  page  {url}{settings.path_prefix}/")
    user = "-u admin " if settings.auth == "required" else ""
    click.echo(f"  send  curl {user}-d '{EXAMPLE}' {url}/logs/ingest/")
    click.echo("  stop  Ctrl-C", nl=True)
