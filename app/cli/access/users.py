"""`logingestor users`: people who log in, by name and password or at an issuer of OpenID Connect."""

from __future__ import annotations

import click

from app.cli import terminal
from app.cli.options import json_option, print_json, with_settings
from app.settings.settings import Settings


@click.group()
def command() -> None:
    """Add people who log in by name and password, look at them, change, shut out and remove them."""


@command.command()
@click.argument("name")
@click.option("--role", required=True, metavar="reader|admin", help="What they may do: find, or everything.")
@click.option("--filter", metavar="QUERY", help="Of a reader: only logs that fit QUERY are seen.")
@click.option("--hide", metavar="FIELD,…", help="Of a reader: these fields are seen in no log.")
@click.option("--space", metavar="NAME", help="Of a reader: only logs of this space are seen.")
@with_settings
def add(settings: Settings, name: str, role: str, **limits: str | None) -> None:
    """Add a user and print a password, once; they change it on the page.

    Example: logingestor users add zoe --role reader --filter 'resourceId:shop-*'
    """
    # SQLAlchemy and Flask cost more than all else that a command loads.
    from app.web.accounts import tables, users

    with tables.opened(settings):
        click.echo(users.add(name, role, **limits))
    click.echo("the password is shown this once only", err=True)


@command.command("list")
@json_option
@with_settings
def list_users(settings: Settings, as_json: bool) -> None:
    """Print the users: their roles, and when they last logged in.

    Example: logingestor users list
    """
    from app.web.accounts import tables, users

    with tables.opened(settings):
        found = users.listed()
    if as_json:
        print_json(found)
        return
    names = ("filter", "hide", "space", "issuer", "last_login")
    lines = [
        ", ".join(
            [
                one["role"],
                *(name for name in ("disabled", "totp", "passkeys") if one[name]),
                *(f"{name.replace('_', ' ')} {one[name]}" for name in names if one[name] is not None),
            ]
        )
        for one in found
    ]
    click.echo(
        terminal.table(
            [(terminal.safe(one["name"]), terminal.safe(line)) for one, line in zip(found, lines, strict=True)]
        )
    )


@command.command()
@click.argument("name")
@click.argument("new", metavar="reader|admin")
@with_settings
def role(settings: Settings, name: str, new: str) -> None:
    """Give a user another role; they have to log in again.

    Example: logingestor users role zoe admin
    """
    from app.web.accounts import tables, users

    with tables.opened(settings):
        users.set_role(name, new)
    click.echo(f"{terminal.safe(name)} is {new}")


@command.command()
@click.argument("name")
@with_settings
def reset(settings: Settings, name: str) -> None:
    """Give a user another password and print it, once; their sessions end within 5 seconds.

    Example: logingestor users reset zoe
    """
    from app.web.accounts import tables, users

    with tables.opened(settings):
        click.echo(users.set_password(name))
    click.echo("the password is shown this once only", err=True)


@command.command("sessions")
@click.argument("name", required=False)
@json_option
@with_settings
def list_sessions(settings: Settings, name: str | None, as_json: bool) -> None:
    """Print in which browsers users are logged in, of NAME or of all, the one used last first.

    Example: logingestor users sessions zoe
    """
    from app.web.accounts import sessions, tables
    from app.web.security.password import Password

    with tables.opened(settings):
        found = [sessions.to_dict(one) for one in sessions.listed(Password(settings).stamp, name)]
    if as_json:
        print_json(found)
        return
    lines = [
        ", ".join(
            [one["user"], one["browser"], *(f"{name} {one[name]}" for name in ("address", "since", "used"))],
        )
        for one in found
    ]
    click.echo(terminal.table([(one["session"], terminal.safe(line)) for one, line in zip(found, lines, strict=True)]))


@command.command()
@click.argument("name")
@click.option("--session", metavar="ID", help="Only this one, as `users sessions` names it.")
@with_settings
def logout(settings: Settings, name: str, session: str | None) -> None:
    """End the sessions of a user, within 5 seconds: all, or one.

    Example: logingestor users logout zoe
    """
    from app.web.accounts import sessions, tables

    with tables.opened(settings):
        if session is None:
            sessions.end_all(name)
        else:
            sessions.end(name, session)
    click.echo("ended; web processes see it within 5 seconds")


@command.command()
@click.argument("name")
@with_settings
def remove(settings: Settings, name: str) -> None:
    """Remove a user; their sessions end within 5 seconds.

    Example: logingestor users remove zoe
    """
    from app.web.accounts import tables, users

    with tables.opened(settings):
        users.remove(name)
    click.echo("removed")


@command.command()
@click.argument("name")
@with_settings
def disable(settings: Settings, name: str) -> None:
    """Let a user log in no more, by password or at an issuer; their sessions end within 5 seconds.

    Example: logingestor users disable zoe
    """
    from app.web.accounts import tables, users

    with tables.opened(settings):
        users.set_disabled(name, True)
    click.echo(f"{terminal.safe(name)} can't log in any more")


@command.command()
@click.argument("name")
@with_settings
def enable(settings: Settings, name: str) -> None:
    """Let a user who was disabled log in again.

    Example: logingestor users enable zoe
    """
    from app.web.accounts import tables, users

    with tables.opened(settings):
        users.set_disabled(name, False)
    click.echo(f"{terminal.safe(name)} may log in again")


@command.command("link")
@click.argument("name")
@with_settings
def link(settings: Settings, name: str) -> None:
    """Print the path of a link with which a user takes a password of their own, once, within a day.

    Example: logingestor users link zoe
    """
    from app.web.accounts import links, tables

    with tables.opened(settings):
        path = links.make(settings, name)
    click.echo(f"https://YOUR-SERVER{path}")


@command.command("remove-passkeys")
@click.argument("name")
@with_settings
def remove_passkeys(settings: Settings, name: str) -> None:
    """Let none of a user's passkeys open anything any more: a device is lost.

    Example: logingestor users remove-passkeys zoe
    """
    from app.web.accounts import tables
    from app.web.accounts.passkeys import kept

    with tables.opened(settings):
        kept.remove_all(name)
    click.echo(f"{terminal.safe(name)} has no passkeys any more")


@command.command("remove-totp")
@click.argument("name")
@with_settings
def remove_totp(settings: Settings, name: str) -> None:
    """Ask a user, who has lost app and recovery codes, for no codes any more.

    Example: logingestor users remove-totp zoe
    """
    from app.web.accounts import tables
    from app.web.accounts.totp import factor

    with tables.opened(settings):
        factor.remove(name)
    click.echo(f"{terminal.safe(name)} is asked for no codes any more")
