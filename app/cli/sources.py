"""`logingestor sources`: how the logs of sources are written, where that is not recognised."""

from __future__ import annotations

import getpass
from dataclasses import replace

import click

from app.backends import Backends
from app.cli import terminal
from app.cli.options import form_options, json_option, print_json, with_backends
from app.errors import InvalidInput, NotFound, Problem
from app.files.sources import forms as source_forms
from app.files.sources.matching import FormMatcher
from app.files.sources.shown import ShownForm, ShownSource
from app.ports.figures import SOURCES
from app.ports.forms import SourceForm

#: Options by the field of a form.
OPTIONS = {"dialect": "--as, --format", "zone": "--zone", "first_line": "--first-line", "name": "NAME"}


@click.group()
def command() -> None:
    """Say how the logs of sources are written, and look at what was recognised."""


@command.command("list")
@json_option
@with_backends
def list_sources(backends: Backends, as_json: bool) -> None:
    """Print what was said of sources, and what the last log of each source was read as.

    Example: logingestor sources list
    """
    record = backends.record
    kept = record.forms.forms()
    forms = [ShownForm.of(one) for one in kept]
    matcher = FormMatcher(kept)
    found = [ShownSource.of(one, matcher) for one in record.figures.sources(SOURCES).sources]
    if as_json:
        print_json({"forms": forms, "sources": found})
        return
    rows = [(terminal.safe(one.name), terminal.safe(_line(one))) for one in forms]
    rows += [(terminal.safe(f"{one.sender} {one.agent}".strip()), f"read as {one.read_as or '–'}") for one in found]
    click.echo(terminal.table(rows))


@command.command("set")
@click.argument("name")
@form_options
@json_option
@with_backends
def set_source(backends: Backends, name: str, dialect: str, zone: str, first_line: str, as_json: bool) -> None:
    """Say how the sources write whose address, agent, token or path fits NAME (`*` stands for any characters).

    Example: logingestor sources set '/var/log/shop/*' --zone Europe/Berlin --first-line '^\\d{4}-'
    """
    form = checked(name, dialect, zone, first_line)
    source_forms.keep(backends.record.forms, form)
    if as_json:
        print_json(ShownForm.of(form))
    else:
        click.echo(f"logs of {terminal.safe(form.name)} are read so; processes that run see it within seconds")


@command.command()
@click.argument("name")
@with_backends
def remove(backends: Backends, name: str) -> None:
    """Have it recognised again how the sources of NAME write.

    Example: logingestor sources remove '/var/log/shop/*'
    """
    if not backends.record.forms.drop_form(name):
        raise NotFound("nothing is said of sources of this name")
    click.echo("removed")


def checked(name: str, dialect: str, zone: str, first_line: str) -> SourceForm:
    """Return the form that options describe. Raises InvalidInput naming the options at fault."""
    try:
        return source_forms.check(name, dialect, zone, first_line, getpass.getuser())
    except InvalidInput as error:
        raise InvalidInput(*map(_as_option, error.problems)) from None


def _as_option(problem: Problem) -> Problem:
    return replace(problem, field=OPTIONS.get(problem.field or "", problem.field))


def _line(form: ShownForm) -> str:
    """Return what was said, in one line."""
    parts = (("as", form.dialect), ("zone", form.zone), ("first line", form.first_line))
    return ", ".join(f"{name} {value}" for name, value in parts if value)
