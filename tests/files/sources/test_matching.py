"""Matching sources against forms: the longest name that fits counts, found without a look at each of many."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from app.files.sources import matching
from app.files.sources.matching import TOGETHER, FormMatcher
from app.log.fold import fold
from app.ports.forms import FORMS, NAME_LIMIT, SourceForm
from app.query.meaning import regex, wildcard_regex


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("192.0.2.7", "curl/8.5"), "192.0.2.*"),
        (("192.0.2.7", "shop-agent/1"), "192.0.2.*"),
        (("203.0.113.9", "Shop-agent/1"), "shop-*"),
        (("198.51.100.1", "curl/8.5"), None),
        (("/var/log/shop/a.log", "a.log"), "/var/log/shop/*.log"),
        (("/var/log/shop/b", "b"), "/var/*"),
        (("", ""), None),
    ],
)
def test_the_longest_name_that_fits_counts(names: Sequence[str], expected: str | None) -> None:
    """The order in which forms were kept decides nothing."""
    forms = [SourceForm(name, zone="UTC") for name in ("/var/*", "192.0.2.*", "shop-*", "/var/log/shop/*.log", "?")]
    for given in (forms, forms[::-1]):
        found = FormMatcher(given).best(names)
        assert (None if found is None else found.name) == expected


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        ("Shop-1", ("Shop-1", "shop-1", "SHOP-1"), ("shop-11", "a shop-1", "shop-?")),
        ("straße ſ", ("STRAẞE S",), ("strasse s",)),
        ("h?st*", ("host", "HüST-1"), ("hst", "a host")),
        (r"c:\logs\*.log", (r"c:\logs\*.log", "c:logs*.log"), (r"c:\logs\a.log",)),
        ("a.b", ("A.B",), ("axb",)),
        ("*", ("anything", "two\nlines"), ("",)),
    ],
)
def test_what_fits_a_name(pattern: str, fitting: Sequence[str], others: Sequence[str]) -> None:
    """Names are compared without case, and a name always fits itself as it is written."""
    matcher = FormMatcher([SourceForm(pattern, zone="UTC")])
    for name in fitting:
        assert matcher.best((name,)) == matcher.forms[0], name
    for name in others:
        assert matcher.best((name,)) is None, name


def fits(pattern: str, name: str) -> bool:
    """Return whether a name fits one pattern."""
    return pattern == name or regex(wildcard_regex(pattern)).search(fold(name)) is not None


def plain(forms: Sequence[SourceForm], names: Sequence[str]) -> SourceForm | None:
    """Return what the rule says, by a look at each form."""
    fitting = [form for form in forms if any(fits(form.name, name) for name in names)]
    return max(fitting, key=lambda form: (len(form.name.replace("*", "")), form.name), default=None)


def test_many_forms_mean_what_each_of_them_means() -> None:
    """Words and patterns of a few letters, more than one expression holds: each source meets several."""
    chance = random.Random(7)

    def word(letters: str, most: int) -> str:
        return "".join(chance.choices(letters, k=chance.randint(1, most)))

    forms = [SourceForm(name, zone="UTC") for name in {word("abAB*?\\", 5) for _ in range(5 * TOGETHER)}]
    matcher = FormMatcher(forms)
    for _ in range(400):
        names = (word("abABc", 4), word("abc*", 4))
        assert matcher.best(names) == plain(forms, names), names


def test_a_message_compiles_nothing() -> None:
    """Forms and sources may be many; what is kept of sources that come once is bounded."""
    matcher = FormMatcher([SourceForm(f"10.0.{n // 250}.{n % 250}*", zone="UTC") for n in range(FORMS)])
    compiled = regex.cache_info().misses
    for n in range(matching.SOURCES + 500):
        found = matcher.best((f"10.0.0.{n % 200}", f"agent {n}"))
        assert found is not None
        assert found.name.startswith("10.0.0.")
    assert matcher.best(("192.0.2.1", "a" * 100_000)) is None
    assert regex.cache_info().misses == compiled
    assert 0 < len(matcher._known) <= matching.SOURCES
    assert max(sum(map(len, names)) for names in matcher._known) <= matching.NAMES_LENGTH


@pytest.mark.parametrize("letters", ["?", "*?", "\U0001f600?", "ſ?"])
def test_the_longest_names_can_be_compiled(letters: str) -> None:
    """One expression holds as many of them as there are in any."""
    name = (letters * NAME_LIMIT)[: NAME_LIMIT - 2]
    matcher = FormMatcher([SourceForm(f"{name}{n:02}", zone="UTC") for n in range(TOGETHER)])
    assert matcher.best((name.replace("*", "") + "07",)) == matcher.forms[7]
