"""The single parts of the program, each a process of its own: `serve` starts them, or an operator does."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from functools import partial
from typing import IO, NoReturn

import click

from app import memory
from app.cli import caught
from app.cli.run import listening
from app.cli.run.forked import FORKS
from app.cli.run.supervisor import Child, Supervisor
from app.settings.settings import Settings


@click.command()
@click.option(
    "--fd", type=int, hidden=True, help="A listening socket inherited from the parent, instead of HOST and PORT."
)
def web(fd: int | None) -> None:
    """Serve HTTP with WEB_WORKERS processes, without worker.

    Example: LOGINGESTOR_PORT=3001 logingestor web
    """
    if fd is not None:
        _serve_at(socket.socket(fileno=fd), ())
        return
    settings = Settings.from_env(os.environ)
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(one) for one in listening.open_sockets(settings, settings.web_workers)]
        load_web(listening.settle(settings, listeners[0]))
        supervisor = Supervisor(web_children(listeners), _say, partial(listening.close, listeners))
        supervisor.start()
        _say(f"serves {listening.url(listeners[0])}")
        code = supervisor.run()
    raise SystemExit(code)


def load_web(settings: Settings) -> None:
    """Load what a web process needs, where those that are forked off share it; raises InvalidSettings."""
    if not FORKS:
        return
    from app.web import create_app
    from app.web.server import server  # noqa: F401

    memory.share_pool()
    # An application loads much that the modules at its head don't; each process makes its own.
    create_app(settings)
    memory.give_back()
    # A collection in a child would write into what it shares.
    gc.freeze()


def web_children(listeners: Sequence[socket.socket], held: Sequence[IO[str]] = ()) -> list[Child]:
    """Return a web process for each listener; none of them keeps the others, or what is *held* here, open."""
    if not FORKS:
        return [
            Child(f"web {number}", ["-m", "app.cli", "web", "--fd", str(fd)], inherited=[fd])
            for number, fd in enumerate((one.fileno() for one in listeners), 1)
        ]
    return [
        Child(f"web {number}", work=caught(partial(_serve_at, listener, [*listeners, *held])))
        for number, listener in enumerate(listeners, 1)
    ]


def _serve_at(listener: socket.socket, held: Sequence[socket.socket | IO[str]]) -> None:
    from app.web.server import server

    for one in held:
        if one is not listener:
            one.close()
    server.run(listener)


def _say(line: str) -> None:
    click.echo(f"{time.strftime('%Y-%m-%d %H:%M:%S')} web {line}", err=True)


@click.command()
def worker() -> NoReturn:
    """Drain the queue into record and index.

    Example: logingestor worker
    """
    _become("workers.main")


@click.command()
def scheduler() -> NoReturn:
    """Send the scheduled actors their messages; with the local broker each worker does that itself.

    Example: LOGINGESTOR_BROKER_URL=amqp://localhost logingestor scheduler
    """
    if Settings.from_env(os.environ).local_broker:
        message = "LOGINGESTOR_BROKER_URL is local: the worker runs the schedule itself, so there is nothing to start"
        click.echo(message, err=True)
        raise SystemExit(2)
    _become("workers.scheduler")


def _become(module: str) -> NoReturn:
    """Be that module's process."""
    sys.stdout.flush()
    # A signal that came while the module is imported would end it with a traceback; it lets signals through when it can stop.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))
    os.execv(sys.executable, [sys.executable, "-m", module])  # noqa: S606 - our own module
