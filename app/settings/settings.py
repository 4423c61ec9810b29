"""The table of settings: the one place that says what can be set, its default and its meaning.

The docs test compares docs/configuration.md with this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.errors import InvalidSettings, Problem
from app.ports.outbox import Notifier
from app.rules.rule import RetentionRules, RuleSet
from app.settings import hosts, listeners, oidc
from app.settings import values as read
from app.settings.doors import DOORS
from app.settings.notify import MailServer, read_notifiers, read_secrets, read_server
from app.settings.values import Retention, Setting, parse_bytes

__all__ = ("PREFIX", "SETTINGS", "Retention", "Setting", "Settings", "parse_bytes")

PREFIX = "LOGINGESTOR_"


SETTINGS = (
    Setting("DATA_DIR", "./data", Path, "Folder that holds `logingestor.db`; made when missing."),
    Setting(
        "STORE_URL",
        "sqlite:",
        read.url("sqlite", "postgresql"),
        "Where the record lies; `sqlite:` is `DATA_DIR/logingestor.db`, else `postgresql://user@host/database`.",
    ),
    Setting(
        "QUEUE_URL",
        "sqlite:",
        read.url("sqlite", "amqp", "amqps", "sqs"),
        "Where accepted logs wait: `sqlite:`, `amqp://user@host/vhost?queue=name`, `sqs://region/queue?endpoint=url`.",
    ),
    Setting(
        "SEARCH_URL",
        "sqlite:",
        read.url("sqlite", "http", "https"),
        "Where logs are found: `sqlite:`, or OpenSearch: `https://host:9200,host2:9200/prefix?shards=3&replicas=1`.",
    ),
    Setting(
        "BROKER_URL",
        "local:",
        read.url("local", "amqp", "amqps"),
        "Dramatiq's broker; `local:` runs it inside the worker process, else `amqp://user@host/vhost`.",
    ),
    Setting(
        "SECRET_KEY",
        "",
        str,
        "Signs receipts; when not set, one is made at first use and kept in `DATA_DIR/secret.key`.",
    ),
    Setting("HOST", "127.0.0.1", str, "Address to listen at; `0.0.0.0` is all of IPv4, `::` all."),
    Setting("PORT", "3000", read.integer(0, 65_535), "Port to listen at; 0 takes a free one and prints it."),
    Setting(
        "AUTH",
        "",
        read.choice("open", "required"),
        "`required`: only the admin's password opens the routes. `open`: anyone, on loopback alone. "
        "When not set, `open` on loopback, else `required`.",
    ),
    Setting(
        "ADMIN_PASSWORD",
        "",
        read.password,
        "Password of the user `admin`; when not set and required, one is made, printed once, and only its hash kept "
        "in `DATA_DIR/admin.hash`.",
    ),
    *oidc.SETTINGS,
    hosts.SETTING,
    Setting(
        "TRUSTED_PROXIES",
        "127.0.0.1,::1",
        read.networks,
        "Addresses or networks of proxies that are believed when they say who the client is (`X-Forwarded-For`).",
    ),
    Setting(
        "PATH_PREFIX",
        "",
        read.path,
        "Path beneath which a proxy serves the program, such as `/logingestor`; it is put before every link.",
    ),
    Setting(
        "RETENTION",
        "30d",
        Retention.parse,
        "How long a log is kept from its arrival, and optionally how many bytes: `30d,50GiB`.",
    ),
    Setting("AUDIT_LOG_RETENTION", "400d", read.parse_seconds, "How long an entry of the audit log is kept."),
    Setting(
        "RETENTION_RULES",
        "",
        read.retention_rules,
        "How long which logs are kept, the first that finds a log decides, RETENTION is the rest: `level:debug 3d; resourceId:audit-* 400d; hold traceId:abc`.",
    ),
    Setting(
        "RULES",
        "",
        read.rules,
        "What is taken out of logs, and which are dropped, before they are queued; one rule a line, mostly in a file that `RULES_FILE` names.",
    ),
    Setting(
        "DOORS",
        "all",
        read.names(*DOORS),
        f"Shippers' protocols that are served, with commas between: {', '.join(f'`{name}`' for name in DOORS)}; `all`, or `none`.",
    ),
    Setting(
        "LISTEN",
        "",
        listeners.read,
        "Addresses at which `serve` and `logingestor syslog` take syslog and GELF, with commas between: `udp://0.0.0.0:5514,tcp://0.0.0.0:5514`.",
    ),
    Setting(
        "VERCEL_SECRET",
        "",
        str,
        "Secret of the Vercel drain, with which its requests are signed; when set, a body with another signature is answered 403.",
    ),
    Setting(
        "VERCEL_VERIFY",
        "",
        str,
        "What Vercel wants to see in the header `x-vercel-verify` before it makes a drain, to know who owns the address.",
    ),
    Setting("WEB_WORKERS", "2", read.integer(1, 64), "Web processes that `serve` and `web` start."),
    Setting("WORKERS", "1", read.integer(1, 64), "Worker processes that `serve` starts."),
    Setting("BODY_LIMIT", "32 MiB", parse_bytes, "Largest request body as sent; larger is answered 413."),
    Setting(
        "INFLATED_LIMIT", "256 MiB", parse_bytes, "Largest request body once decompressed; larger is answered 413."
    ),
    Setting("REQUEST_LOGS", "100000", read.integer(1, 10_000_000), "Most logs in one request; more is answered 413."),
    Setting(
        "MESSAGE_LIMIT",
        "1 MiB",
        parse_bytes,
        "Longest message, in bytes of UTF-8; longer is cut and marked `truncated`.",
    ),
    Setting(
        "METADATA_LIMIT", "256 KiB", parse_bytes, "Largest metadata of one log, as JSON; larger is that log's error."
    ),
    Setting("QUEUE_LIMIT", "10 GiB", read.some_bytes, "Bytes that may wait in the queue; beyond, ingest answers 503."),
    Setting(
        "DEAD_LIMIT", "1 GiB", parse_bytes, "Bytes of dead letters kept; beyond, the oldest are dropped and counted."
    ),
    Setting("MIN_FREE_DISK", "1 GiB", parse_bytes, "Free disk below which ingest answers 503."),
    Setting("BATCH_SIZE", "100", read.integer(1, 10_000), "Logs in one batch of the drain."),
    Setting(
        "NOTIFY",
        "",
        read_notifiers,
        "Whom notices are sent to, with commas between: `https://…` (a webhook), `slack+https://…`, `mailto:ops@example.org`; "
        "each with options behind a `#`: `#name=ops&min=error&kinds=worker_gone+alert`.",
    ),
    Setting(
        "NOTIFY_SECRET",
        "",
        read_secrets,
        "Signs webhooks: `whsec_` and 24 to 64 bytes as base64; two with a blank between sign both. When not set, each webhook "
        "has one made from `SECRET_KEY` and its name.",
    ),
    Setting(
        "NOTIFY_PRIVATE",
        "",
        read.networks,
        "Addresses or networks that webhooks may reach though they are private, loopback or link-local: `127.0.0.1,10.0.0.0/8`.",
    ),
    Setting(
        "SMTP_URL",
        "",
        read_server,
        "Server that takes mail: `smtp://user:password@host:587?from=logs@example.org` (with STARTTLS), `smtps://host` (TLS).",
    ),
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
    oidc_issuer: str
    oidc_client_id: str
    oidc_client_secret: str = field(repr=False)
    oidc_roles: tuple[oidc.GroupRole, ...]
    oidc_groups: str
    hosts: tuple[str, ...]
    trusted_proxies: tuple[str, ...]
    path_prefix: str
    retention: Retention
    audit_log_retention: int
    retention_rules: RetentionRules | None
    rules: RuleSet | None = field(repr=False)
    doors: tuple[str, ...]
    listen: tuple[listeners.ListenAddress, ...]
    vercel_secret: str = field(repr=False)
    vercel_verify: str = field(repr=False)
    web_workers: int
    workers: int
    body_limit: int
    inflated_limit: int
    request_logs: int
    message_limit: int
    metadata_limit: int
    queue_limit: int
    dead_limit: int
    min_free_disk: int
    batch_size: int
    notify: tuple[Notifier, ...] = field(repr=False)
    notify_secret: tuple[bytes, ...] = field(repr=False)
    notify_private: tuple[str, ...]
    smtp_url: MailServer | None = field(repr=False)

    @property
    def longest_ms(self) -> int:
        """How long a log may be kept, by the longest of all rules, in ms."""
        rules = self.retention_rules
        return 1000 * (self.retention.seconds if rules is None else rules.longest(self.retention.seconds))

    @property
    def database(self) -> Path:
        """The SQLite file that `sqlite:` stands for."""
        return self.data_dir / "logingestor.db"

    @property
    def local_broker(self) -> bool:
        """Whether Dramatiq's broker is in the worker's process, which then runs the schedule too."""
        return self.broker_url.startswith("local:")

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
        problems.extend(Problem(f"{PREFIX}{text}", PREFIX + name) for name, text in oidc.lacking(values))
        if any(one.way == "mailto" for one in values.get("notify", ())) and not values.get("smtp_url", True):
            problems.append(Problem(f"{PREFIX}NOTIFY has mailto: and {PREFIX}SMTP_URL is not set", f"{PREFIX}SMTP_URL"))
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
            continue
        found[name.strip().removeprefix(PREFIX)] = value.strip()
    return found
