"""Requests to POST /logs/ingest/ as Hypothesis draws them: plain ones, and such as are unusual in one way or in several."""

from __future__ import annotations

import json
from typing import Any, Protocol

from hypothesis import strategies as st

from tests.web.sides import JSON

_values = st.one_of(
    st.none(), st.integers(), st.text(max_size=5), st.lists(st.integers(), max_size=2), st.floats(allow_nan=False)
)
_names = st.sampled_from(
    [
        "message",
        "level",
        "timestamp",
        "resourceId",
        "traceId",
        "spanId",
        "commit",
        "metadata",
        "id",
        "msg",
        "time",
        "space",
        "x",
    ]
)
_logs = st.builds(
    lambda usual, odd: {**usual, **odd},
    st.fixed_dictionaries(
        {"message": st.sampled_from(["m", "a secret", "card 4111 1111 1111 1111", "long " * 20, "a\0b", "ä\u2028"])},
        optional={
            "level": st.sampled_from(["info", "debug", "ERROR"]),
            "timestamp": st.sampled_from(["2023-09-15T08:00:00Z", 1_700_000_000, "yesterday"]),
            "metadata": st.dictionaries(st.sampled_from(["a", "space", "é"]), _values, max_size=2),
            "id": st.sampled_from(["018a9e3f-0000-7000-8000-000000000000", "x"]),
        },
    ),
    st.one_of(st.just({}), st.dictionaries(_names, _values, max_size=2)),
)
BODIES = st.one_of(
    _logs.map(lambda log: json.dumps(log).encode()),
    st.lists(_logs, max_size=3).map(lambda logs: json.dumps(logs).encode()),
    st.lists(_logs, max_size=3).map(lambda logs: b"\n".join(json.dumps(log).encode() for log in logs)),
    st.sampled_from(
        [b"", b" ", b"{", b"[]", b"5", b'"a line"', b"a=b&c=d", b'{"message": NaN}', b'{"message":"\xff"}']
    ),
    st.binary(max_size=20),
)
_headers = st.lists(
    st.sampled_from(
        [
            JSON, JSON, (b"content-type", b"application/x-ndjson"), (b"content-type", b"text/plain"), (b"content-type", b"image/png"),
            (b"content-type", b"application/x-www-form-urlencoded"), (b"accept", b"*/*"), (b"accept", b"text/html"),
            (b"accept", b"application/json"), (b"host", b"localhost:1"), (b"host", b"logs.example.org"), (b"host", b"<>"),
            (b"user-agent", b"curl/8"), (b"user-agent", b"logingestor-handler/1"), (b"user-agent", b"\xe4"), (b"origin", b"http://evil.example"),
            (b"sec-fetch-site", b"cross-site"), (b"idempotency-key", b"k"), (b"content-encoding", b"gzip"), (b"x-other", b"1"),
            (b"cookie", b"a=b"), (b"authorization", b"Basic YTpi"), (b"authorization", b"Bearer lgi_wrong"), (b"x-request-id", b"7"),
        ]
    ),
    max_size=4,
)  # fmt: skip
REQUESTS = st.fixed_dictionaries(
    {"body": BODIES, "headers": st.one_of(st.just([JSON]), _headers)},
    optional={
        "path": st.sampled_from(["/logs/ingest/", "/logs/ingest", "/logs/ingest//", "/logs/nothing"]),
        "query": st.sampled_from([b"", b"", b"strict=1", b"nothing=1"]),
        "method": st.sampled_from(["POST", "POST", "PUT", "GET"]),
        "token": st.sampled_from([0, 0, 1, 2, 3]),
        "scheme": st.sampled_from(["http", "https"]),
    },
)


#: Requests that come one group after the other, those of a group at once.
SERIES = st.lists(st.lists(REQUESTS, min_size=1, max_size=3), min_size=1, max_size=4)


class Server(Protocol):
    """A server that can be asked, and says what it keeps."""

    def send(self, *requests: dict[str, Any]) -> list[Any]:
        """Send requests at once; return the answers."""

    def kept(self) -> Any:
        """Return all that is kept."""

    def close(self) -> None:
        """Close what was opened."""


def compare(ours: Server, flask: Server, kind: str, series: list[list[dict[str, Any]]]) -> None:
    """Send a series to both servers of a kind; fail unless they answer and keep the same. They are closed then."""
    for requests in series:
        # Those that come at once are taken in no order that could be compared, where one may be refused for another.
        alone = kind != "open" or any(_is_keyed(one) for one in requests)
        for at_once in [[one] for one in requests] if alone else [requests]:
            assert ours.send(*at_once) == flask.send(*at_once)
    kept = [[sorted(map(repr, part)) for part in one.kept()] for one in (ours, flask)]
    assert kept[0] == kept[1]
    ours.close()
    flask.close()


def _is_keyed(request: dict[str, Any]) -> bool:
    """Return whether a request is known by a key of its own when it comes again."""
    return b'"id"' in request["body"] or any(name == b"idempotency-key" for name, _ in request["headers"])
