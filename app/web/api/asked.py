"""The parameters of a route that reads, from the URL and from a JSON body alike, with every fault in them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NoReturn
from urllib.parse import unquote

from flask import g, request

from app.errors import InvalidQuery, Problem, TooLarge, UnsupportedMedia
from app.json_text import Decoder, NotJSON
from app.log.body import JSON_TYPES
from app.log.fold import clean
from app.log.packed import inflate
from app.query.parameters import Parameters
from app.query.query import Query
from app.query.request import PARAMETERS, read_query

#: Largest body of a query, in bytes: room for the most conditions of the longest texts.
BODY_LIMIT = 4 << 20


class Asked(Parameters):
    """The parameters of the current request; problems are gathered until `check`."""

    def __init__(self, names: Collection[str], lists: Collection[str] = ()) -> None:
        """Take the parameters called *names*; those in *lists* may occur more than once."""
        super().__init__({})
        self._lists = lists
        self._from_body = _body() if request.method in ("POST", "PUT") else {}
        from_url = self._from_url()
        for name in from_url.keys() & self._from_body.keys():
            self.refuse("is given in the URL and in the body", name)
        self.given = from_url | self._from_body
        if not self.given.keys() <= set(names):
            self.only(names, "parameter of this route")
            self.given = {name: value for name, value in self.given.items() if name in names}
        # For the audit log.
        g.given = self.given

    def _from_url(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if not request.query_string:
            return found
        for name, values in request.args.lists():
            if name in self._lists:
                found[clean(name)] = [clean(value) for value in values]
                continue
            if len(values) > 1:
                self.refuse("is given more than once", clean(name))
            found[clean(name)] = clean(values[0])
        return found

    def query(self, default_limit: int = 100) -> Query:
        """Return the query; where the text has a fault, which `check` raises, a query for everything."""
        own = [name for name in self.given if name not in PARAMETERS]
        return self.read(lambda: read_query(self.given, default_limit=default_limit, also=own), Query())

    def window(self) -> Query:
        """Return the query of all logs in the time range that is asked for."""
        given: dict[str, Any] = {name: self.given[name] for name in ("from", "to", "tz", "clock") if name in self.given}
        return self.read(lambda: read_query(given), Query())

    def raw(self, name: str) -> str:
        """Return a parameter's text as it was given; empty where it is absent."""
        return str(self.given.get(name) or "")

    def text(self, name: str, default: str, choices: Sequence[str] = ()) -> str:
        """Return a text, one of the *choices* if there are any."""
        return str(self.choice(name, default, choices, " or ")) if choices else super().text(name, default)

    def texts(self, name: str, *, split: bool = False) -> list[str]:
        """Return the values of a parameter that may occur more than once, each once; *split* at commas if so wanted.

        The elements of a list in a body are whole values: they may hold a comma. Elsewhere one is written `%2C`.
        """
        value = self.given.get(name)
        values = [] if value is None else value if isinstance(value, list) else [value]
        if not all(isinstance(one, str) for one in values):
            self.refuse("must be a text or a list of texts", name)
            return []
        if split and not (name in self._from_body and isinstance(value, list)):
            values = [unquote(part.strip()) for one in values for part in one.split(",")]
        return list(dict.fromkeys(one for one in values if one))


def _body() -> dict[str, Any]:
    kind = request.mimetype
    if kind not in JSON_TYPES and not kind.endswith("+json"):
        raise UnsupportedMedia(
            Problem(f"“{kind[:100]}” is not a type that is read: send application/json", "Content-Type")
        )
    if (request.content_length or 0) > BODY_LIMIT:
        raise TooLarge(Problem(f"the body has more than {BODY_LIMIT:,} bytes"))
    body = request.stream.read(BODY_LIMIT + 1)
    if len(body) > BODY_LIMIT:
        raise TooLarge(Problem(f"the body has more than {BODY_LIMIT:,} bytes"))
    return decode(inflate(body, request.environ.get("HTTP_CONTENT_ENCODING"), BODY_LIMIT))


def decode(body: bytes) -> dict[str, Any]:
    """Return the JSON object in *body*, an empty one for no body; raises InvalidQuery with the position."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidQuery(Problem(f"the body is not UTF-8: byte {error.start} is wrong")) from None
    if not text.strip():
        return {}
    try:
        found = _DECODER.read(text)
    except NotJSON as error:
        if error.position is not None:
            raise InvalidQuery(Problem(f"the body is not JSON: {error.message}", position=error.position)) from None
        what = "is nested too deep" if error.deep else "holds a number with too many digits"
        raise InvalidQuery(Problem(f"the body {what}")) from None
    if not isinstance(found, dict):
        raise InvalidQuery(Problem("the body must be a JSON object"))
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise InvalidQuery(Problem("is given more than once", clean(name)[:100]))
        found[clean(name)] = _cleaned(value)
    return found


def _cleaned(value: Any) -> Any:
    """Return texts, and lists of them, as every log has them; objects inside are clean already."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_cleaned(inner) for inner in value]
    return value


def _constant(name: str) -> NoReturn:
    raise InvalidQuery(Problem(f"the body is not JSON: {name} is no JSON number"))


_DECODER = Decoder(pairs=_object, constant=_constant)
