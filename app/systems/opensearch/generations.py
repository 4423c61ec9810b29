"""Which indices are read and written: the state that all processes share, kept in OpenSearch itself.

A generation is a whole index: one of OpenSearch's indices for each period of ids. There is one, or two while the index
is made anew. The state is one document, changed by compare-and-set, and read anew before and after each write.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from app.errors import Unavailable
from app.systems.opensearch import mapping
from app.systems.opensearch.connection import Answered, Server

#: Seconds for which a read state is believed by searches; `finish` waits longer before it drops what they may search.
BELIEVED = 1.0
#: Seconds within which the state must be read.
STATE_SECONDS = 15.0
_PRIMARY = {"preference": "_primary"}
#: Tries of a change while others change the state too.
_TRIES = 20


class RebuildState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rebuild, as the state holds it."""

    generation: int
    started: int
    place: int = 0
    logs: int = 0


class GenerationState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The generations of the index that exist, and the time before which records are forgotten."""

    #: Days of ids that one index covers: fixed, or a record might come to lie in two.
    days: int
    #: The generation that is searched, and all that are written.
    read: int = 1
    write: tuple[int, ...] = (1,)
    #: The newest number ever given: none is given twice.
    newest: int = 1
    #: Records received before this ms are forgotten, whether their index is dropped yet or not.
    floor: int = 0
    rebuild: RebuildState | None = None


class _Found(msgspec.Struct):
    seq_no: int = msgspec.field(name="_seq_no")
    term: int = msgspec.field(name="_primary_term")
    state: GenerationState = msgspec.field(name="_source")


_decode = msgspec.json.Decoder(_Found).decode
_encode = msgspec.json.Encoder().encode


class Generations:
    """The state, and the templates and indices that it names; for all threads of a process."""

    def __init__(self, server: Server, days: int) -> None:
        self._server = server
        self._days = days
        self._guard = threading.Lock()
        self._recent: tuple[GenerationState, float] | None = None
        self._known: set[str] = set()

    @property
    def _path(self) -> str:
        return f"/{self._server.address.prefix}-state"

    def alias(self, generation: int) -> str:
        """Return the name of all indices of a generation."""
        return mapping.alias(self._server.address.prefix, generation)

    def current(self, seconds: float = STATE_SECONDS) -> GenerationState:
        """Return the state as it is now."""
        return self._fetch(seconds).state

    def recent(self, seconds: float) -> tuple[GenerationState, float]:
        """Return the state as it was no longer than BELIEVED ago, and that moment by the monotonic clock."""
        found = self._recent
        if found is None or not self.believed(found[1]):
            self.current(seconds)
            found = self._recent
            assert found is not None
        return found

    @staticmethod
    def believed(since: float) -> bool:
        """Return whether a state that was read at *since* is recent enough still."""
        return time.monotonic() <= since + BELIEVED

    def _fetch(self, seconds: float = STATE_SECONDS) -> _Found:
        for _ in range(_TRIES):
            asked = time.monotonic()
            try:
                found = _decode(self._server.call("GET", f"{self._path}/_doc/state", None, _PRIMARY, seconds))
            except Answered as error:
                if error.status != 404:
                    raise self._server.why(error) from None
                self._create()
                continue
            except msgspec.ValidationError as error:
                raise Unavailable(f"the index's state is none of this release's: {error}") from None
            self._recent = found.state, asked
            return found
        raise Unavailable("the index's state can't be made")

    def _create(self) -> None:
        """Make the first state."""
        with self._guard:
            self._known.clear()
        settings = {"number_of_shards": 1, "number_of_replicas": self._server.address.replicas}
        self._made(self._path, _encode({"settings": settings, "mappings": {"dynamic": False}}))
        try:
            self._server.call("PUT", f"{self._path}/_create/state", _encode(GenerationState(self._days)))
        except Answered as error:
            if error.status != 409:
                raise

    def _made(self, path: str, body: bytes | None = None) -> bool:
        """Make an index; return False when it is there already."""
        try:
            self._server.call("PUT", path, body)
        except Answered as error:
            if "resource_already_exists_exception" not in error.kinds:
                raise
            return False
        return True

    def change(self, to: Callable[[GenerationState], GenerationState]) -> GenerationState:
        """Change the state by compare-and-set; return the new one."""
        for _ in range(_TRIES):
            found = self._fetch()
            wanted = to(found.state)
            if wanted == found.state:
                return wanted
            parameters = {"if_seq_no": str(found.seq_no), "if_primary_term": str(found.term)}
            try:
                self._server.call("PUT", f"{self._path}/_doc/state", _encode(wanted), parameters)
            except Answered as error:
                if error.status != 409:
                    raise
                continue
            self._recent = None
            return wanted
        raise Unavailable("the index's state is changed by too many at once")

    def index_of(self, state: GenerationState, generation: int, identity: bytes) -> str:
        """Return the name of the index for an id."""
        day = int.from_bytes(identity[:6], "big") // mapping.DAY_MS
        return mapping.index_name(self._server.address.prefix, generation, state.days, day)

    def prepared(self, state: GenerationState, generation: int, identity: bytes) -> str:
        """Return the index for an id, made where it is missing. Raises Unavailable for another release's."""
        name = self.index_of(state, generation, identity)
        if name in self._known:
            return name
        with self._guard:
            if name not in self._known:
                self.ensure_template(generation)
                if not self._made(f"/{name}"):
                    self._check_version(f"/{name}")
                self._known.add(name)
        return name

    def forget(self, name: str) -> None:
        """Look anew, before it is written next, whether the index is there."""
        with self._guard:
            self._known.discard(name)

    def ensure_template(self, generation: int) -> None:
        """Make the generation's template, or bring it to this address's shards and replicas."""
        address = self._server.address
        path = f"/_index_template/{self.alias(generation)}"
        wanted = mapping.template(address.prefix, generation, address.shards, address.replicas)
        try:
            found = msgspec.json.decode(self._server.call("GET", path))["index_templates"][0]["index_template"]
        except Answered as error:
            if error.status != 404:
                raise
            found = {}
        if found and found.get("version") != mapping.VERSION:
            raise self._other_version(found.get("version"))
        if not found or _copies(found) != _copies(wanted):
            self._server.call("PUT", path, _encode(wanted))

    def check(self, state: GenerationState) -> None:
        """Raise Unavailable unless what is read and written was made by this release's rules."""
        for generation in {state.read, *state.write}:
            self.ensure_template(generation)
            self._check_version(f"/{self.alias(generation)}-*")

    def _check_version(self, path: str) -> None:
        parameters = {"filter_path": "*.mappings._meta,*.settings.index.provided_name"}
        found = msgspec.json.decode(self._server.call("GET", path, parameters=parameters))
        for one in found.values():
            version = one.get("mappings", {}).get("_meta", {}).get("version")
            if version != mapping.VERSION:
                raise self._other_version(version)

    @staticmethod
    def _other_version(version: object) -> Unavailable:
        return Unavailable(f"the index follows rules {version}, this release {mapping.VERSION}: it must be rebuilt")

    def indices(self) -> dict[str, int]:
        """Return all our indices with their generation, the oldest period first."""
        prefix = self._server.address.prefix
        ours = re.compile(rf"{re.escape(prefix)}-g(\d+)-(\d{{8}})", re.ASCII)
        names = msgspec.json.decode(self._server.call("GET", f"/{prefix}-g*/_alias"))
        found = [match for name in names if (match := ours.fullmatch(name)) is not None]
        return {match[0]: int(match[1]) for match in sorted(found, key=lambda match: (match[2], match[1]))}

    def drop(self, names: Sequence[str]) -> None:
        """Delete these indices; one that is gone already is no fault."""
        for name in names:
            self._server.call("DELETE", f"/{name}", parameters={"ignore_unavailable": "true"})
        with self._guard:
            self._known.difference_update(names)

    def drop_generation(self, generation: int) -> None:
        """Delete all of a generation: its template first, so that nothing makes it again."""
        try:
            self._server.call("DELETE", f"/_index_template/{self.alias(generation)}")
        except Answered as error:
            if error.status != 404:
                raise
        self.drop([name for name, number in self.indices().items() if number == generation])


def _copies(template: dict[str, Any]) -> tuple[str, str]:
    index = template["template"]["settings"]["index"]
    return str(index["number_of_shards"]), str(index["number_of_replicas"])
