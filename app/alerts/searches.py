"""Saved searches: to keep a state of the search page under a name, and to find it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from app.errors import InvalidInput, InvalidQuery, NotFound, Problem
from app.log.fold import clean
from app.log.record import IdSource, id_text
from app.ports.alerts import NAME_LIMIT, OWN_SEARCHES, SEARCHES, Alert, AlertKeeper, SavedSearch
from app.query.query import Query
from app.query.request import PARAMETERS, read_query
from app.times.instant import now_ms

#: Longest text of one parameter, in characters.
TEXT_LIMIT = 20_000
#: Parameters that belong to one look at the page and not to the search.
PASSING = ("cursor", "back", "open", "values", "counts", "count")

_ids = IdSource()
_Named = TypeVar("_Named", SavedSearch, Alert)


def new_id() -> str:
    """Return an id for a search or an alert."""
    return id_text(_ids.take(1).to_bytes(16, "big"))


def check_name(name: Any) -> str:
    """Return *name* as it is kept; raises InvalidInput."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidInput(Problem("is missing: it needs a name", "name"))
    kept = " ".join(clean(name).split())
    if len(kept) > NAME_LIMIT:
        raise InvalidInput(Problem(f"is longer than {NAME_LIMIT} characters", "name"))
    if not kept.isprintable():
        raise InvalidInput(Problem("holds a character that can't be seen", "name"))
    return kept


def check_parameters(parameters: Mapping[str, Any], known: Sequence[str]) -> dict[str, str]:
    """Return the parameters of a search as they are kept; raises InvalidQuery naming each that can't be read."""
    problems, kept = [], dict[str, str]()
    for name, given in parameters.items():
        texts = isinstance(given, list) and all(isinstance(one, str) for one in given)
        value = ",".join(given) if texts else given
        if name not in known:
            problems.append(Problem(f"is not a parameter of a search; known are {', '.join(known)}", str(name)[:100]))
        elif not isinstance(value, str | int) or isinstance(value, bool):
            problems.append(Problem("must be a text", name))
        elif len(str(value)) > TEXT_LIMIT:
            problems.append(Problem(f"is longer than {TEXT_LIMIT:,} characters", name))
        elif str(value).strip():
            kept[name] = clean(str(value)).strip()
    try:
        read(kept)
    except InvalidQuery as error:
        problems += error.problems
    if problems:
        raise InvalidQuery(*problems)
    return kept


def read(parameters: Mapping[str, str]) -> Query:
    """Return what a saved search asks for now; raises InvalidQuery."""
    return read_query({name: value for name, value in parameters.items() if name in PARAMETERS})


def named(things: Sequence[_Named], which: str, what: str) -> _Named:
    """Return the saved search with this id, or else with this name. Raises NotFound."""
    for thing in things:
        if thing.id == which:
            return thing
    for thing in things:
        if thing.name == which:
            return thing
    raise NotFound(f"there is no {what} “{clean(which)[:NAME_LIMIT]}”")


def get(keeper: AlertKeeper, which: str) -> SavedSearch:
    """Return the search with this id or name; raises NotFound."""
    return named(keeper.searches(), which, "saved search")


def shared(keeper: AlertKeeper) -> list[SavedSearch]:
    """Return everybody's searches: those that alerts can watch."""
    return [search for search in keeper.searches() if not search.owner]


def add(
    keeper: AlertKeeper, name: Any, parameters: Mapping[str, str], *, replace: bool = False, owner: str = ""
) -> SavedSearch:
    """Keep checked parameters under a name, if asked to in the place of its owner's that has it. Raises InvalidInput."""
    name, now, most = check_name(name), now_ms(), OWN_SEARCHES if owner else SEARCHES
    there = [search for search in keeper.searches() if search.owner == owner]
    earlier = next((search for search in there if search.name == name), None)
    if earlier is not None and replace:
        return change(keeper, earlier, parameters=parameters)
    if earlier is None and len(there) >= most:
        raise InvalidInput(Problem(f"would be one more than the {most:,} searches that can be saved", "name"))
    return _kept(keeper, SavedSearch(new_id(), name, dict(parameters), now, now, owner))


def change(
    keeper: AlertKeeper, search: SavedSearch, *, name: Any = None, parameters: Mapping[str, str] | None = None
) -> SavedSearch:
    """Give a search another name, or other parameters. Raises InvalidInput."""
    changed = msgspec.structs.replace(
        search,
        name=search.name if name is None else check_name(name),
        parameters=search.parameters if parameters is None else dict(parameters),
        changed=now_ms(),
    )
    return _kept(keeper, changed)


def _kept(keeper: AlertKeeper, search: SavedSearch) -> SavedSearch:
    if not keeper.keep_search(search):
        raise InvalidInput(Problem("is the name of another saved search", "name"))
    return search


def remove(keeper: AlertKeeper, search: SavedSearch) -> None:
    """Forget a search; raises InvalidInput while an alert counts its logs."""
    watching = [one.alert.name for one in keeper.alerts() if one.alert.search == search.id]
    if watching:
        names = ", ".join(f"“{name}”" for name in watching[:5])
        watchers = "1 alert" if len(watching) == 1 else f"{len(watching)} alerts"
        raise InvalidInput(Problem(f"is watched by {watchers}: {names}", "search"))
    keeper.drop_search(search.id)


def keep_saved(keeper: AlertKeeper, searches: Sequence[SavedSearch], alerts: Sequence[Alert]) -> None:
    """Keep searches and alerts of another record: those that are here stay as they are, a name that is taken gets an addition."""
    known = {search.id for search in keeper.searches()} | {one.alert.id for one in keeper.alerts()}
    for search in searches:
        if search.id not in known and not keeper.keep_search(search):
            keeper.keep_search(msgspec.structs.replace(search, name=_apart(search)))
    for alert in alerts:
        if alert.id not in known and not keeper.keep_alert(alert):
            keeper.keep_alert(msgspec.structs.replace(alert, name=_apart(alert)))


def _apart(thing: SavedSearch | Alert) -> str:
    return f"{thing.name[: NAME_LIMIT - 11]} ({thing.id[-8:]})"
