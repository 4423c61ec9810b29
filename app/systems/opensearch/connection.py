"""The connection to OpenSearch: from the URL to its answers, and from its faults to our errors."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import opensearchpy
from opensearchpy import Transport
from opensearchpy.serializer import Serializer

from app.errors import InvalidSettings, Problem, Unavailable

#: Seconds that a request which writes, or asks after the cluster, may take.
PATIENCE = 60.0
#: Seconds within which the cluster must say how it is.
HEALTH_SECONDS = 5.0
#: Seconds for which a host that failed is asked last.
DEAD_SECONDS = 5
_PREFIX = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]/@]+)(?::(\d{1,5}))?")
_OPTIONS = ("shards", "replicas", "ca", "verify")
_PORT = 9200

# Failures are reported by our own errors; the library would print whole requests.
logging.getLogger("opensearch").setLevel(logging.CRITICAL)


class Answered(Unavailable):
    """OpenSearch refused a request, for a reason that the caller may know what to do about."""

    #: The words for what OpenSearch is doing, in the message.
    says = "answers {status}"

    def __init__(self, status: int, kinds: frozenset[str], reason: str) -> None:
        super().__init__(f"OpenSearch {self.says.format(status=status)}: {reason}")
        self.status = status
        #: Every type of error in the answer.
        self.kinds = kinds
        self.reason = reason


class LacksMemory(Answered):
    """OpenSearch needs more memory for the request than it has now: the same may do later, and a smaller one at once."""

    says = "lacks the memory for it now"


class NoAnswer(Unavailable):
    """OpenSearch took longer than the request may."""


@dataclass(frozen=True, slots=True)
class SearchAddress:
    """The parts of SEARCH_URL."""

    secure: bool
    hosts: tuple[tuple[str, int], ...]
    prefix: str
    login: tuple[str, str] | None = None
    shards: int = 3
    replicas: int = 1
    #: File with the certificates that are trusted; None for those that the system trusts.
    ca: str | None = None
    verify: bool = True

    @classmethod
    def parse(cls, url: str) -> SearchAddress:
        """Read `https://user:password@host:9200,host2:9200/prefix?shards=3&replicas=1&ca=FILE&verify=yes`.

        Raises InvalidSettings.
        """
        try:
            return cls._parse(url)
        except ValueError as error:
            name = "LOGINGESTOR_SEARCH_URL"
            raise InvalidSettings(Problem(f"{name} {error}", name)) from None

    @classmethod
    def _parse(cls, url: str) -> SearchAddress:
        scheme, _, rest = url.partition("://")
        # Python's own reading refuses several hosts of which another than the first is an address of IPv6.
        netloc = re.split("[/?#]", rest, maxsplit=1)[0]
        parts = urlsplit(f"{scheme}://hosts{rest[len(netloc) :]}")
        user, at, places = netloc.rpartition("@")
        name, _, password = user.partition(":")
        hosts = [_HOST.fullmatch(place) for place in places.split(",")]
        found = [(host[1].strip("[]"), int(host[2] or _PORT)) for host in hosts if host is not None]
        if len(found) < len(hosts):
            raise ValueError("names a host that is none: expected host:port, several with commas between")
        prefix = parts.path.strip("/") or "logingestor"
        if _PREFIX.fullmatch(prefix) is None:
            raise ValueError("has a prefix with other signs than a to z, 0 to 9, - and _")
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        if unknown := [option for option in options if option not in _OPTIONS]:
            raise ValueError(f"has an option that is not known: {', '.join(unknown)}; there are {', '.join(_OPTIONS)}")
        return cls(
            parts.scheme == "https",
            tuple(found),
            prefix,
            (unquote(name), unquote(password)) if at else None,
            _number(options, "shards", 3, 1),
            _number(options, "replicas", 1, 0),
            options.get("ca"),
            _yes(options.get("verify", "yes")),
        )

    @property
    def shown(self) -> str:
        """The hosts, for messages."""
        return ", ".join(f"{f'[{host}]' if ':' in host else host}:{port}" for host, port in self.hosts)


def _number(options: Mapping[str, str], name: str, default: int, least: int) -> int:
    text = options.get(name, str(default))
    if not re.fullmatch(r"\d{1,3}", text, re.ASCII) or int(text) < least:
        raise ValueError(f"has {name} that is no whole number from {least} to 999")
    return int(text)


def _yes(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError("has verify that is neither yes nor no")
    return text == "yes"


class _AsItIs(Serializer):
    """Leaves JSON to us: answers are decoded by the type that is expected."""

    mimetype = "application/json"

    def loads(self, s: str) -> Any:
        return s

    def dumps(self, data: Any) -> Any:
        return data


class Server:
    """Sends requests to the hosts of an address; safe for many threads."""

    def __init__(self, address: SearchAddress) -> None:
        self.address = address
        options: dict[str, Any] = {}
        if address.secure:
            options = {"use_ssl": True, "verify_certs": address.verify, "ssl_show_warn": False, "ca_certs": address.ca}
        self._transport = Transport(
            [{"host": host, "port": port} for host, port in address.hosts],
            serializer=_AsItIs(),
            # Every host once, and a connection that was closed while it lay idle once more.
            max_retries=len(address.hosts),
            retry_on_status=(),
            dead_timeout=DEAD_SECONDS,
            pool_maxsize=32,
            http_auth=address.login,
            **options,
        )

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        parameters: Mapping[str, str] | None = None,
        seconds: float = PATIENCE,
    ) -> str:
        """Return the body of the answer. Raises Answered, NoAnswer, and Unavailable with what is wrong."""
        try:
            found = self._transport.perform_request(
                method, path, params=dict(parameters or {}), body=body, timeout=max(seconds, 0.001)
            )
        except opensearchpy.ConnectionTimeout:
            raise NoAnswer(f"OpenSearch at {self.address.shown} did not answer within {seconds:.3g} s") from None
        except opensearchpy.ConnectionError as error:
            raise Unavailable(f"OpenSearch can't be reached at {self.address.shown}: {_cause(error)}") from None
        except opensearchpy.TransportError as error:
            raise self._refused(error) from None
        return found if isinstance(found, str) else ""

    def _refused(self, error: opensearchpy.TransportError) -> Exception:
        status = error.status_code if isinstance(error.status_code, int) else 0
        kinds, reasons = frozenset(_named(error.info, "type")), list(dict.fromkeys(_named(error.info, "reason")))
        reason = "; ".join(reasons[:3]) or str(error.error)
        if status == 401:
            return Unavailable(f"OpenSearch at {self.address.shown} refuses the user or the password of SEARCH_URL")
        if (blocked := blocked_by(kinds, reason)) is not None:
            return Unavailable(blocked)
        if status == 403:
            return Unavailable(f"OpenSearch at {self.address.shown} forbids it to the user of SEARCH_URL: {reason}")
        return (LacksMemory if "circuit_breaking_exception" in kinds else Answered)(status, kinds, reason)

    def why(self, error: Answered) -> Unavailable:
        """Return what is wrong with the cluster that answered so, as far as it can say."""
        try:
            self.health()
        except Unavailable as found:
            return found
        return error

    def health(self, indices: str = "") -> str:
        """Return the cluster's health, of some indices or of all. Raises Unavailable where there is no manager."""
        parameters = {"level": "indices", "timeout": "1s", "cluster_manager_timeout": "3s"}
        return self.call("GET", f"/_cluster/health/{indices}", None, parameters, HEALTH_SECONDS)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()


def blocked_by(kinds: frozenset[str], reason: str) -> str | None:
    """Return what keeps the cluster from taking part, in words; None when it is something else."""
    if kinds & {"cluster_manager_not_discovered_exception", "master_not_discovered_exception"}:
        return f"OpenSearch has no cluster manager: too few of its nodes are there ({reason})"
    if "no_shard_available_action_exception" in kinds:
        return f"a part of the index is on no node that is there: {reason}"
    if "cluster_block_exception" not in kinds:
        return None
    if "no cluster manager" in reason or "no master" in reason:
        return f"OpenSearch has no cluster manager: too few of its nodes are there ({reason})"
    if "read-only" in reason or "read only" in reason:
        return f"the index is read-only, most often because a disk of OpenSearch is nearly full ({reason})"
    return f"OpenSearch is blocked ({reason})"


def _named(info: Any, name: str) -> list[str]:
    """Return all texts of that name in an answer's error, the innermost first."""
    found: list[str] = []
    if isinstance(info, dict):
        for inner in info.values():
            found += _named(inner, name)
        if isinstance(info.get(name), str) and info[name]:
            found.append(info[name])
    elif isinstance(info, list):
        for inner in info:
            found += _named(inner, name)
    return found


def _cause(error: opensearchpy.ConnectionError) -> str:
    """Return what the connection failed of, without the names of Python's objects."""
    text = str(error.info or error.error)
    return re.sub(r"<[^>]*>|\w+\(.*?\): |HTTPS?ConnectionPool", "", text).strip(" :") or text
