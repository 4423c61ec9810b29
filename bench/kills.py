"""Kills: kill -9 at random moments, round after round, whatever the program does just then: is each accepted log there once, and each deleted one gone?

python -m bench.kills                         300 rounds, an hour on two busy cores
python -m bench.kills --rounds 20             a quick look

Senders send all the time. A file of earlier releases is taken over meanwhile: segments of revisions 0020 and 0021, and rows, of which more come in each round. Commands delete by id and by
query, expire, rebuild and audit. In each round a web process, the worker, all of the program, or a command dies.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from app.backends import upgrade
from app.log.record import IdSource, LogRecord, id_text
from app.settings.settings import Settings
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.segments import sealing
from app.systems.sqlite.segments.places import BLOCK
from app.times.instant import now_ms
from bench import run
from tests.e2e.load import Load, secret, sending
from tests.e2e.program import Server, wait_for
from tests.former import age, left_as_rows, without_checksums
from tests.sealing import seal_all

#: Logs of earlier releases at first, and more of them in each round.
FIRST, MORE = 16_000, 600
#: Seconds within which a command must have ended.
SECONDS = 600.0
#: Numbers that a deletion names.
DELETED = 60
DAY_MS = 86_400_000
SETTINGS = {"RETENTION": "30d", "RETENTION_RULES": "metadata.user:ann 5d; default 7d"}
#: What dies, in turn, and what is begun before.
VICTIMS = ("web", "worker", "command", "group", "child", "command")
COMMANDS = ("ids", "query", "expire", "rebuild")


@dataclass
class Former:
    """Logs of earlier releases: their numbers lie below 0, and which are kept is known."""

    database: Path
    last: int = 0
    times: int = 0
    kept: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)

    def records(self, count: int) -> list[LogRecord]:
        """Return so many more: in turn some that arrived ten days ago, six days ago, of which Ann's expire, and now."""
        days, now, found = (10, 6, 0)[self.times % 3], now_ms(), list[LogRecord]()
        first = IdSource().take(count, now - days * DAY_MS)
        for number in range(self.last + 1, self.last + count + 1):
            metadata = {"n": -number, "user": ("ann", "bob")[number % 2], "float": float(number % 5)}
            identity = (first + len(found)).to_bytes(16, "big")
            found.append(LogRecord(identity, now, 0, "info", f"number {-number} {secret(-number)}", metadata=metadata))
            if days == 0 or (days == 6 and metadata["user"] == "bob"):
                self.kept[id_text(identity)] = (found[-1].message, metadata)
        self.last += count
        self.times += 1
        return found

    def begin(self) -> None:
        """Leave a file as earlier releases did: segments of two revisions, and rows."""
        with closing(SqliteDatabase(self.database)) as database:
            left_as_rows(database, self.records(FIRST // 4))
            seal_all(database)
            without_checksums(database)
            left_as_rows(database, self.records(FIRST // 4))
            seal_all(database)
            assert age(database, FIRST // 4 // BLOCK + 1) > 4
            left_as_rows(database, self.records(FIRST // 2))

    def more(self) -> None:
        """Leave more rows beside the program that runs."""
        with closing(SqliteDatabase(self.database)) as database:
            left_as_rows(database, self.records(MORE))


@dataclass
class Deletion:
    """A deletion: its query, and the numbers of the logs that it names, all accepted before."""

    query: str
    numbers: list[int]

    @property
    def arguments(self) -> list[str]:
        """The command."""
        return ["delete", self.query, "--yes", "--wait", "60", "--json"]


@dataclass
class Rounds:
    """What is done and killed, round by round, and what came of it."""

    server: Server
    load: Load
    former: Former
    chance: random.Random
    #: Numbers that a deletion named; deletions that were not answered yet; numbers of those that were.
    named: set[int] = field(default_factory=set)
    open: list[Deletion] = field(default_factory=list)
    deleted: set[int] = field(default_factory=set)
    #: Texts found on the disk after a deletion that was answered, and commands that failed.
    texts: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    #: Whether a rebuild was ended half-way.
    rebuilds: bool = False
    done: Counter[str] = field(default_factory=Counter)

    def round(self, number: int) -> None:
        """Begin a command, kill at a random moment, and wait for what is left of it; settle in each tenth round."""
        self.former.more()
        name, victim = self.chance.choice(COMMANDS), VICTIMS[number % len(VICTIMS)]
        deletion = self.deletion(by_id=name == "ids") if name in ("ids", "query") else None
        process = self.start(deletion.arguments if deletion else [name])
        time.sleep(self.chance.uniform(0.2, 2.5))
        self.done[f"{victim} {'amid' if process.poll() is None else 'after'} {name}"] += 1
        self.kill(victim, process)
        if not self.ended(process, [name], deletion) and name == "rebuild":
            self.rebuilds = True
        if number % 10 == 9:
            self.settle()

    def deletion(self, *, by_id: bool) -> Deletion:
        """Return a deletion of some logs that were accepted, and that none named before."""
        numbers = sorted(self.load.accepted - self.named)
        at = self.chance.randrange(max(len(numbers) - DELETED, 1))
        some = numbers[at : at + DELETED]
        self.named.update(some)
        query = f"metadata.n:({' OR '.join(map(str, some))})"
        if by_id:
            self.server.drained()
            found = self.server.get(f"/logs?limit={DELETED}&count=none&q={quote(query)}")["results"]
            query = f"id:({' OR '.join(log['id'] for log in found)})"
            some = [log["metadata"]["n"] for log in found]
        return Deletion(query, some)

    def start(self, arguments: list[str]) -> subprocess.Popen[str]:
        """Start a command beside the program, with rules that none before had, so that all logs are looked at by them."""
        command = [sys.executable, "-m", "app.cli", *arguments]
        rules = {"LOGINGESTOR_RETENTION_RULES": f"level:l{time.time_ns()} 9d; {SETTINGS['RETENTION_RULES']}"}
        given = {"cwd": self.server.root, "env": self.server.environment | rules, "text": True}
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **given)  # type: ignore[call-overload, no-any-return]

    def kill(self, victim: str, process: subprocess.Popen[str]) -> None:
        """Kill -9 the victim; after the whole group the program is started again."""
        server = self.server
        if victim == "group":
            server.kill_all()
            server.start()
        elif victim == "command":
            process.kill()
        else:
            pids = {"web": server.webs, "worker": server.workers, "child": server.children}[victim]()
            with suppress(ProcessLookupError, IndexError):  # none may be there just now
                os.kill(self.chance.choice(pids), signal.SIGKILL)

    def ended(self, process: subprocess.Popen[str], arguments: list[str], deletion: Deletion | None = None) -> bool:
        """Wait for a command's end, and note what it did; return whether it succeeded."""
        said, _ = process.communicate(timeout=SECONDS)
        if deletion is not None and process.returncode == 0:
            self.gone(deletion)
        elif deletion is not None:
            self.open.append(deletion)
        if process.returncode not in (0, -signal.SIGKILL):
            self.failed.append(f"{arguments[0]} ended with {process.returncode}: {said[-300:]}")
        return process.returncode == 0

    def gone(self, deletion: Deletion) -> None:
        """Note that logs are gone, and look for their texts in every file."""
        self.deleted.update(deletion.numbers)
        words = re.compile(b"|".join(secret(number).encode() for number in deletion.numbers))
        for path in self.server.folder.rglob("*"):
            if path.is_file():
                self.texts += [f"{path.name}: {found.decode()}" for found in words.findall(path.read_bytes())]

    def settle(self) -> None:
        """Bring to an end what was killed, and audit."""
        # While a rebuild is begun nothing is deleted.
        for arguments in (["rebuild"], ["expire"]) if self.rebuilds else (["expire"],):
            if not self.ended(self.start(arguments), arguments):
                raise RuntimeError(self.failed[-1])
        self.rebuilds = False
        some, self.open = self.open, []
        for one in some:
            self.ended(self.start(one.arguments), one.arguments, one)
        self.ended(self.start(["audit"]), ["audit"])


def outcome(rounds: Rounds) -> dict[str, Any]:
    """Compare what was answered with what is there, by number and by id."""
    logs = [json.loads(line) for line in rounds.server.get("/logs/export?format=ndjson&sort=asc").splitlines()]
    numbers, ids = Counter[int](log["metadata"]["n"] for log in logs), Counter[str](log["id"] for log in logs)
    load, former = rounds.load, rounds.former
    expected = (load.accepted - rounds.deleted) | {metadata["n"] for _, metadata in former.kept.values()}
    there = {log["id"]: (log["message"], log["metadata"]) for log in logs if log["metadata"]["n"] < 0}
    return {
        "accepted": len(load.accepted),
        "of_earlier_releases": former.last,
        "deleted": len(rounds.deleted),
        "found": len(logs),
        "lost": len(expected - numbers.keys()),
        "doubled": sum(count > 1 for counts in (numbers, ids) for count in counts.values()),
        "deleted_and_there": len(rounds.deleted & numbers.keys()),
        "refused_and_there": len({n for n in numbers if n >= 0} - load.accepted - load.unknown),
        "expired_and_there": len(there.keys() - former.kept.keys()),
        "changed": sum(there.get(name) != kept for name, kept in former.kept.items()),
        "texts_left": len(rounds.texts),
        "unexpected": len(load.unexpected),
    }


def measure(server: Server, given: argparse.Namespace) -> dict[str, Any]:
    """Kill and count."""
    former = Former(Settings.from_env(server.environment).database)
    former.begin()
    server.start()
    with sending(server, given.senders, given.pause) as load:
        rounds = Rounds(server, load, former, random.Random(given.seed))
        wait_for(lambda: len(load.accepted) > DELETED, SECONDS, "the first logs")
        for number in range(given.rounds):
            rounds.round(number)
            if number % 10 == 9:
                print(
                    f"{number + 1} rounds, {len(load.accepted):,} accepted, {len(rounds.deleted):,} deleted, {rounds.failed[-1:]}",
                    flush=True,
                )
    server.drained()
    rounds.settle()
    rounds.ended(rounds.start(["doctor"]), ["doctor"])
    with closing(SqliteDatabase(former.database)) as database:
        wait_for(lambda: sealing.standing(database).due < BLOCK, SECONDS, "the rest to be sealed")
    logs = outcome(rounds)
    return {
        "logs": logs,
        "rounds": dict(sorted(rounds.done.items())),
        "failed": rounds.failed,
        "texts": rounds.texts[:20],
    }


def table(found: dict[str, Any]) -> list[str]:
    """Return the figures as a table."""
    rows = {
        **{name.replace("_", " "): f"{count:,}" for name, count in found["logs"].items()},
        "killed": ", ".join(f"{what} {count}" for what, count in found["rounds"].items()),
        "commands that failed": "; ".join(found["failed"]).replace("\n", " ") or "none",
    }
    return ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())]


def main() -> None:
    """Kill and keep the figures; fail where a promise was broken."""
    parser = run.parser(__doc__ or "")
    parser.add_argument("--rounds", type=int, default=300, help="rounds (300)")
    parser.add_argument("--senders", type=int, default=4, help="senders (4)")
    parser.add_argument("--pause", type=float, default=0.6, help="seconds between two requests of a sender (0.6)")
    given = parser.parse_args()
    described = run.probed()
    with run.prepared(given, **SETTINGS) as server:
        upgrade(Settings.from_env(server.environment))
        found = measure(server, given)
    run.save("kills", given, {"machine": described, **found}, table(found))
    bad = (
        "lost",
        "doubled",
        "deleted_and_there",
        "refused_and_there",
        "expired_and_there",
        "changed",
        "texts_left",
        "unexpected",
    )
    if any(found["logs"][name] for name in bad):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
