"""`logingestor syslog`: takes syslog and GELF from the network."""

from __future__ import annotations

import asyncio
import os
import time

import click

from app.errors import InvalidInput, Problem
from app.settings import listeners
from app.settings.settings import Settings

#: The addresses when neither the command nor LISTEN names any.
DEFAULT = f"udp://127.0.0.1:{listeners.PORTS['syslog']},tcp://127.0.0.1:{listeners.PORTS['syslog']}"


@click.command()
@click.argument("addresses", nargs=-1, metavar="[ADDRESS]...")
def command(addresses: tuple[str, ...]) -> None:
    """Take syslog and GELF at the addresses, or at those of LISTEN.

    An address is udp://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT?cert=FILE&key=FILE, unix:///PATH, unixgram:///PATH,
    gelf+udp://HOST:PORT, gelf+tcp://HOST:PORT or gelf+tls://HOST:PORT?cert=FILE&key=FILE. Nobody is asked for a password.

    Example: logingestor syslog udp://0.0.0.0:5514 tcp://0.0.0.0:5514
    """
    from app.listen import server
    from app.process import Parts

    settings = Settings.from_env(os.environ)
    try:
        found = listeners.read(",".join(addresses)) or settings.listen or listeners.read(DEFAULT)
    except ValueError as error:
        raise InvalidInput(Problem(str(error), "ADDRESS")) from None
    parts = Parts(settings)
    try:
        asyncio.run(server.serve(parts, found, _say))
    finally:
        parts.close()


def _say(line: str) -> None:
    click.echo(f"{time.strftime('%Y-%m-%d %H:%M:%S')} syslog {line}", err=True)
