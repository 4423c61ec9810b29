"""The table of settings: the one place that says what can be set, its default and its meaning.

The docs test compares docs/configuration.md with this table.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from app.core.errors import InvalidSettings, Problem

PREFIX = "LOGINGESTOR_"

_UNITS = {
    "": 1,
    "b": 1,
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
    "tib": 1 << 40,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
}
#: Shortest password, in characters.
PASSWORD_LENGTH = 8
_PERIODS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def parse_bytes(text: str) -> int:
    """Return the bytes in `32 MiB`, `1GB` or a bare number."""
    found = re.fullmatch(r"(\d+)\s*([A-Za-z]*)", text.strip())
    if found is None or found[2].lower() not in _UNITS:
        raise ValueError("is not a size such as 32 MiB")
    return int(found[1]) * _UNITS[found[2].lower()]


def parse_seconds(text: str) -> int:
    """Return the seconds in `30d`, `12h`, `90m` or `5s`."""
    found = re.fullmatch(r"(\d+)\s*([smhdw])", text.strip())
    if found is None or int(found[1]) == 0:
        raise ValueError("is not a period such as 30d")
    return int(found[1]) * _PERIODS[found[2]]


@dataclass(frozen=True, slots=True)
class Retention:
    """How long logs are kept, from their arrival, and how many bytes they may take."""

    seconds: int
    bytes: int | None = None

    @classmethod
    def parse(cls, text: str) -> Retention:
        """Read `30d` or `30d,50GiB`."""
        period, _, size = text.partition(",")
        return cls(parse_seconds(period), parse_bytes(size) if size else None)


def _integer(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"\d+", text.strip()) or not low <= int(text) <= high:
            raise ValueError(f"is not a whole number from {low} to {high}")
        return int(text)

    return read


def _url(*schemes: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        scheme, colon, _ = text.partition(":")
        if not colon or scheme not in schemes:
            raise ValueError(f"is not a URL that starts with {', '.join(f'{known}:' for known in schemes)}")
        return text

    return read


def _choice(*values: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text and text not in values:
            raise ValueError(f"is neither {' nor '.join(values)}")
        return text

    return read


def _password(text: str) -> str:
    # One form of each character: keyboards and files write "é" in two ways.
    text = unicodedata.normalize("NFC", text)
    if text and len(text) < PASSWORD_LENGTH:
        raise ValueError(f"is shorter than {PASSWORD_LENGTH} characters")
    if not text.isprintable():
        raise ValueError("has a line break or another character that can't be typed")
    return text


def _networks(text: str) -> tuple[str, ...]:
    try:
        return tuple(str(ip_network(part.strip())) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ValueError(f"is not a list of addresses or networks: {error}") from None


def _path(text: str) -> str:
    text = text.strip().rstrip("/")
    if not re.fullmatch(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*", text):
        raise ValueError("is not a path such as /logs, of letters, digits, dots, dashes, underscores and tildes")
    return text


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table."""

    name: str
    default: str
    read: Callable[[str], Any]
    help: str


SETTINGS = (
    Setting("DATA_DIR", "./data", Path, "Folder that holds `logingestor.db`; made when missing."),
    Setting(
        "STORE_URL",
        "sqlite:",
        _url("sqlite", "postgresql"),
        "Where the record lies; `sqlite:` is `DATA_DIR/logingestor.db`, else `postgresql://user@host/database`.",
    ),
    Setting(
        "QUEUE_URL",
        "sqlite:",
        _url("sqlite", "amqp", "amqps", "sqs"),
        "Where accepted logs wait: `sqlite:`, `amqp://user@host/vhost?queue=name`, `sqs://region/queue?endpoint=url`.",
    ),
    Setting(
        "SEARCH_URL",
        "sqlite:",
        _url("sqlite", "http", "https"),
        "Where logs are found: `sqlite:`, or OpenSearch: `https://host:9200,host2:9200/prefix?shards=3&replicas=1`.",
    ),
    Setting(
        "BROKER_URL",
        "local:",
        _url("local", "amqp", "amqps"),
        "Dramatiq's broker; `local:` runs it inside the worker process, else `amqp://user@host/vhost`.",
    ),
    Setting(
        "SECRET_KEY",
        "",
        str,
        "Signs receipts; when not set, one is made at first use and kept in `DATA_DIR/secret.key`.",
    ),
    Setting("HOST", "127.0.0.1", str, "Address to listen at; `0.0.0.0` is all of IPv4, `::` all."),
    Setting("PORT", "3000", _integer(0, 65_535), "Port to listen at; 0 takes a free one and prints it."),
    Setting(
        "AUTH",
        "",
        _choice("open", "required"),
        "`required`: only the admin's password opens the routes. `open`: anyone, on loopback alone. "
        "When not set, `open` on loopback, else `required`.",
    ),
    Setting(
        "ADMIN_PASSWORD",
        "",
        _password,
        "Password of the user `admin`; when not set and required, one is made, printed once, and only its hash kept "
        "in `DATA_DIR/admin.hash`.",
    ),
    Setting(
        "TRUSTED_PROXIES",
        "127.0.0.1,::1",
        _networks,
        "Addresses or networks of proxies that are believed when they say who the client is (`X-Forwarded-For`).",
    ),
    Setting(
        "PATH_PREFIX",
        "",
        _path,
        "Path beneath which a proxy serves the program, such as `/logingestor`; it is put before every link.",
    ),
    Setting(
        "RETENTION",
        "30d",
        Retention.parse,
        "How long a log is kept from its arrival, and optionally how many bytes: `30d,50GiB`.",
    ),
    Setting("WEB_WORKERS", "2", _integer(1, 64), "Web processes that `serve` and `web` start."),
    Setting("WORKERS", "1", _integer(1, 64), "Worker processes that `serve` starts."),
    Setting("BODY_LIMIT", "32 MiB", parse_bytes, "Largest request body as sent; larger is answered 413."),
    Setting(
        "INFLATED_LIMIT", "256 MiB", parse_bytes, "Largest request body once decompressed; larger is answered 413."
    ),
    Setting(
        "MESSAGE_LIMIT",
        "1 MiB",
        parse_bytes,
        "Longest message, in bytes of UTF-8; longer is cut and marked `truncated`.",
    ),
    Setting(
        "METADATA_LIMIT", "256 KiB", parse_bytes, "Largest metadata of one log, as JSON; larger is that log's error."
    ),
    Setting("QUEUE_LIMIT", "10 GiB", parse_bytes, "Bytes that may wait in the queue; beyond, ingest answers 503."),
    Setting(
        "DEAD_LIMIT", "1 GiB", parse_bytes, "Bytes of dead letters kept; beyond, the oldest are dropped and counted."
    ),
    Setting("MIN_FREE_DISK", "1 GiB", parse_bytes, "Free disk below which ingest answers 503."),
    Setting("BATCH_SIZE", "100", _integer(1, 10_000), "Logs in one batch of the drain."),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force, each by its name in lower case."""

    data_dir: Path
    store_url: str
    queue_url: str
    search_url: str
    broker_url: str
    secret_key: str = field(repr=False)
    host: str
    port: int
    auth: str
    admin_password: str = field(repr=False)
    trusted_proxies: tuple[str, ...]
    path_prefix: str
    retention: Retention
    web_workers: int
    workers: int
    body_limit: int
    inflated_limit: int
    message_limit: int
    metadata_limit: int
    queue_limit: int
    dead_limit: int
    min_free_disk: int
    batch_size: int

    @property
    def database(self) -> Path:
        """The SQLite file that `sqlite:` stands for."""
        return self.data_dir / "logingestor.db"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings; raises InvalidSettings naming every unknown name and bad value.

        `LOGINGESTOR_SETTINGS` names a file of `NAME=value` lines (the environment wins over it);
        `LOGINGESTOR_<NAME>_FILE` names a file that holds one value.
        """
        given = {name.removeprefix(PREFIX): value for name, value in environ.items() if name.startswith(PREFIX)}
        problems: list[Problem] = []
        path = given.pop("SETTINGS", None)
        if path is not None:
            given = {**_read_file(path, problems), **given}
        values: dict[str, Any] = {}
        for setting in SETTINGS:
            name = setting.name
            text = given.pop(name, setting.default)
            secret = given.pop(f"{name}_FILE", None)
            try:
                values[name.lower()] = setting.read(_read_secret(secret) if secret else text)
            except (ValueError, OSError) as error:
                problems.append(Problem(f"{PREFIX}{name} {error}", PREFIX + name))
        problems.extend(Problem(f"{PREFIX}{name} is not a setting", PREFIX + name) for name in sorted(given))
        if problems:
            raise InvalidSettings(*problems)
        return cls(**values)


def _read_secret(path: str) -> str:
    text = Path(path).read_text(encoding="utf-8").strip()
    if not text:
        raise ValueError(f"is to be read from {path}, which is empty")
    return text


def _read_file(path: str, problems: list[Problem]) -> dict[str, str]:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError as error:
        problems.append(Problem(f"{PREFIX}SETTINGS: {error}", f"{PREFIX}SETTINGS"))
        return {}
    found = {}
    for number, line in enumerate(lines, 1):
        name, equals, value = line.partition("=")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not equals:
            problems.append(Problem(f"{path}, line {number}: is not NAME=value", f"{PREFIX}SETTINGS"))
        found[name.strip().removeprefix(PREFIX)] = value.strip()
    return found
