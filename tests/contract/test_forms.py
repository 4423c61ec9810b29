"""Forms of sources, on each record."""

from __future__ import annotations

from app.backends import Backends
from app.ports.figures import Visit
from app.ports.forms import SourceForm

HOSTILE = "<b>\u202e 🙂 'Ω'; DROP TABLE source_forms; --"


def test_forms_are_kept_by_name(each_backends: Backends) -> None:
    """One of the same name takes the place of the other; names have the order of their bytes."""
    keeper = each_backends.record.forms
    assert keeper.forms() == [] and not keeper.drop_form("a")
    first = SourceForm("b", "pino", "Europe/Berlin", "^#", "me", 1)
    for form in (first, SourceForm("Z", zone="UTC"), SourceForm(HOSTILE, first_line=HOSTILE)):
        keeper.keep_form(form)
    assert [one.name for one in keeper.forms()] == sorted(["b", "Z", HOSTILE], key=str.encode)
    assert first in keeper.forms()
    changed = SourceForm("b", "bunyan", changed=2)
    keeper.keep_form(changed)
    assert changed in keeper.forms() and len(keeper.forms()) == 3
    assert keeper.drop_form("b") and not keeper.drop_form("b")
    assert [one.name for one in keeper.forms()] == sorted(["Z", HOSTILE], key=str.encode)


def test_what_was_recognised_last_stays_until_something_else_is(each_backends: Backends) -> None:
    """A request of which no log was accepted says nothing of that."""
    figures = each_backends.record.figures
    key = ("192.0.2.7", "shop")
    for read_as, expected in (("", ""), ("pino", "pino"), ("", "pino"), ("own", "own")):
        figures.see([(key, Visit(requests=1, read_as=read_as))])
        [source] = figures.sources(10).sources
        assert source.read_as == expected
