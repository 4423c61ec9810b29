"""The single parts of the program, each a process of its own: `serve` starts them, or an operator does."""

from __future__ import annotations

import os
import socket
import sys
from typing import NoReturn

import click

from app import backends
from app.cli import listening
from app.core.settings import Settings


@click.command()
@click.option("--fd", type=int, help="A listening socket inherited from the parent, instead of HOST and PORT.")
def web(fd: int | None) -> None:
    """Serve HTTP, without worker.

    Example: LOGINGESTOR_PORT=3001 logingestor web
    """
    from app.web import server

    if fd is None:
        (listener,) = listening.open_sockets(Settings.from_env(os.environ))
    else:
        listener = socket.socket(fileno=fd)
    server.run(listener)


@click.command()
def worker() -> NoReturn:
    """Drain the queue into record and index.

    Example: logingestor worker
    """
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "workers.main"])


@click.command()
def scheduler() -> NoReturn:
    """Send the scheduled actors their messages; with the local broker each worker does that itself.

    Example: LOGINGESTOR_BROKER_URL=amqp://localhost logingestor scheduler
    """
    if backends.scheme(Settings.from_env(os.environ).broker_url) == "local":
        message = "LOGINGESTOR_BROKER_URL is local: the worker runs the schedule itself, so there is nothing to start"
        click.echo(message, err=True)
        raise SystemExit(2)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "workers.scheduler"])
