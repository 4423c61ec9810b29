"""A reader who asks whatever comes to mind is answered, byte by byte, as by a server that holds nothing but what the reader may see."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.find.hints import explain
from app.query.filter import EVERYTHING, Filter
from app.query.language.parse import parse
from app.query.meaning import predicate
from app.query.text import text
from app.systems.sqlite.index import counting
from app.times import instant
from app.web import current
from app.web.api import hints
from app.web.search import counts
from app.web.security.rights import right_of
from tests.hiding import HIDEABLE, stripped
from tests.samples import filters_over, random_records
from tests.thorough import examples
from tests.web.accounts.test_bound import header, system
from tests.web.security.asking import ROUTES, Curious

RECORDS = random_records(11, 300)
#: Questions to each pair of systems.
QUESTIONS = 60
#: What is a reader's own: the key by which a tail's cursor is hidden.
OWN = re.compile(r'data-after="[^"]*"')
#: The route of a body, where it is not that of the same parameters in an address.
POSTED_TO = {"/logs": "/logs/filter/"}


@pytest.fixture(scope="module", autouse=True)
def _unhurried() -> Iterator[None]:
    """Give each answer all the time that it wants, and let `now` mean one instant: what answers say of either would differ."""
    asked_at = instant.now_ms()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(instant, "now_ms", lambda: asked_at)
        for module, names in (
            (counting, ("AUTO_SECONDS",)),
            (explain, ("EXPLAIN_SECONDS", "LOOK_SECONDS")),
            (hints, ("COMPLETE_SECONDS",)),
            (current, ("QUERY_SECONDS",)),
            (counts, ("COUNT_SECONDS", "QUICK_SECONDS")),
        ):
            for name in names:
                patch.setattr(module, name, 60.0)
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """The system that holds everything, a search of somebody else's included."""
    with system(tmp_path_factory.mktemp("whole"), list(RECORDS)) as client:
        sent = {"name": "s", "q": "resourceId:x"}
        assert client.post("/searches", json=sent, headers=header(client, "level:nobody")).status_code == 201
        yield client


def answered(
    client: FlaskClient, path: str, kind: str, headers: dict[str, str], *, posted: bool = False
) -> tuple[int, str]:
    """Return status and text of an answer, without what is the reader's own; to the parameters as a body where the question is *posted*."""
    given: dict[str, Any] = {"headers": {**headers, "Accept": kind}, "buffered": True}
    if posted:
        path, _, parameters = path.partition("?")
        given["json"] = {
            name: int(value) if value.isdigit() else value
            for name, value in parse_qsl(parameters, keep_blank_values=True)
        }
    answer = (client.post if posted else client.get)(POSTED_TO.get(path, path) if posted else path, **given)
    return answer.status_code, OWN.sub("", answer.text)


def test_every_route_that_finds_is_asked(app: Flask) -> None:
    """A route that is added is asked too; the tail has tests of its own."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.methods and "GET" in rule.methods]
    finding = {rule.rule for rule in rules if right_of(rule.endpoint) == "reader"}
    assert finding - {"/logs/tail"} == ROUTES.keys()
    # Without a GET: the same as that of /logs, and what finds nothing.
    posted = {rule.rule for rule in app.url_map.iter_rules() if rule.methods and "POST" in rule.methods}
    posted &= {rule.rule for rule in app.url_map.iter_rules() if right_of(rule.endpoint) == "reader"}
    assert posted - ROUTES.keys() == {*POSTED_TO.values(), "/logs/filter", "/page/searches"}


# Each example makes a system: shrinking one that fails would take minutes.
@settings(
    max_examples=examples(8),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)
@given(
    bound=filters_over(RECORDS), hide=st.lists(st.sampled_from(HIDEABLE), max_size=4, unique=True), seed=st.integers(0)
)
def test_nothing_tells_of_others(
    whole: FlaskClient, tmp_path_factory: pytest.TempPathFactory, bound: Filter, hide: list[str], seed: int
) -> None:
    """Neither an answer, nor a page, nor the order in either, nor an error."""
    everything = parse(text(bound)) == EVERYTHING
    if everything and not hide:
        return
    filter, named = None if everything else text(bound), ",".join(hide) or None
    holds = predicate(bound)
    held = [stripped(record, hide) for record in RECORDS if holds(record)]
    curious, chance = Curious(RECORDS, seed), random.Random(seed)
    with system(tmp_path_factory.mktemp("part"), held) as part:
        # What is hidden was never sent to the other system: a filter may ask for it in vain there.
        here, there = header(whole, filter, named), header(part, None if hide else filter, named)
        for at in range(QUESTIONS):
            path = curious.path(list(ROUTES)[at] if at < len(ROUTES) else "")
            kind = chance.choice(("application/json", "text/html"))
            posted = path.startswith("/logs") and chance.random() < 0.3
            asked = path, kind, posted
            assert answered(whole, path, kind, here, posted=posted) == answered(
                part, path, kind, there, posted=posted
            ), asked


def test_counts_by_level_have_an_order_of_their_own(whole: FlaskClient, tmp_path: Path) -> None:
    """Not that in which an index came to know the levels: others' logs may have brought them."""
    bound, path = "NOT resourceId:*r-6", "/logs/histogram?by=level"
    with system(tmp_path, [record for record in RECORDS if predicate(parse(bound))(record)]) as part:
        for query in ("", "&q=resourceId:*", "&q=commit:*000*"):
            here, there = (
                client.get(path + query, headers=header(client, bound), buffered=True) for client in (whole, part)
            )
            assert here.data == there.data
