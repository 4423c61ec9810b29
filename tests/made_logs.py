"""Logs in the manner of real programs, the same at each run: many styles, scripts, years and shapes of metadata."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

_LEVELS = (
    ("info",) * 12 + ("debug",) * 4 + ("warn", "warn", "warning", "WARN", "notice", "error", "error", "Error", "fatal")
)
_USERS = ("root", "guest", "Zoë", "łukasz", "Иван", "山田", "Straßer", "mallory")
_VERBS = ("opened", "closed", "refused", "accepted", "timed out", "reset by peer")
_YEARS = (*range(1969, 2039), 1, 1582, 1900, 9999)
#: Sentences with letters that make careless comparison fail: case pairs of other lengths, marks, ligatures, no blanks.
_SPOKEN = (
    "Verbindung zur Straße {n} abgelehnt, GROSSE STRASSE bleibt",
    "Połączenie z Łódź zerwane po {n} próbach",
    "Ошибка соединения с сервером №{n}: время ожидания истекло",
    "サーバー{n}への接続に失敗しました",
    "服务器 {n} 连接超时，正在重试",
    "İstanbul sunucusu {n} yanıt vermiyor, ıssız",
    "Café crème brûlée №{n} naïve coöperation",
    "\u212aelvin \u017fensor {n} reads −273 °C, x² ≥ ½",
    "deploy {n} finished 🎉👩‍💻 in the ﬁrst Ⅷ minutes",
    "ΣΊΣΥΦΟΣ σίσυφος attempt {n}",
    'don\'t panic: 100% of C:\\temp\\{n}\\*.log, [a-z]+ "quoted" ?',
    "tab\there {n}\nsecond line: NullPointerException\n\tat com.example.Main(Main.java:{n})",
)


def _daemon(chance: random.Random) -> dict[str, Any]:
    user, host = chance.choice(_USERS), f"{chance.randint(1, 250)}.{chance.randint(0, 255)}.2.4"
    message = chance.choice(
        (
            f"authentication failure; uid=0 tty=ssh ruser= rhost={host} user={user}",
            f"session {chance.choice(_VERBS)} for user {user} by (uid=0)",
            f"connection from {host} () at day {chance.randint(1, 31)}",
            "check pass; user unknown",
        )
    )
    return {"message": message, "resourceId": chance.choice(("sshd(pam_unix)", "ftpd", "kernel", "su"))}


def _blocks(chance: random.Random) -> dict[str, Any]:
    block = f"blk_{chance.choice(('', '-'))}{chance.getrandbits(60)}"
    address = f"/10.{chance.randint(0, 3)}.{chance.randint(0, 255)}.{chance.randint(0, 255)}:50010"
    message = chance.choice(
        (
            f"Responder {chance.randint(0, 2)} for block {block} terminating",
            f"Received block {block} of size {chance.choice((67108864, 3538944, 91178))} from {address}",
            f"{address}:Got exception while serving {block} to {address}:",
            f"Deleting block {block} file /mnt/data/current/subdir{chance.randint(0, 63)}/{block}",
        )
    )
    return {"message": message, "resourceId": "dfs.DataNode$DataXceiver", "traceId": block}


def _requests(chance: random.Random) -> dict[str, Any]:
    status, seconds = chance.choice((200, 200, 202, 404, 500, 503)), round(chance.random() * 2, 7)
    method, size = chance.choice(("GET", "POST", "DELETE")), chance.randint(100, 60_000)
    instance = f"{chance.getrandbits(32):08x}-{chance.getrandbits(16):04x}"
    message = (
        f'10.11.10.1 "{method} /v2/{instance}/servers/detail HTTP/1.1" status: {status} len: {size} time: {seconds}'
    )
    metadata = {
        "status": chance.choice((status, status, str(status), float(status))),
        "time": seconds,
        "http": {"method": method, "size": size, "tags": chance.sample(("slow", "cached", "Blue", "x=y"), 2)},
    }
    return {"message": message, "resourceId": "api.wsgi.server", "traceId": f"req-{instance}", "metadata": metadata}


def _quorum(chance: random.Random) -> dict[str, Any]:
    message = chance.choice(
        (
            f"Notification time out: {chance.choice((3200, 6400, 60000))}",
            f"Received connection request /10.10.34.{chance.randint(1, 40)}:{chance.randint(30000, 60000)}",
            "Interrupted while waiting for message on queue",
            "caught end of stream exception",
        )
    )
    return {"message": message, "resourceId": f"QuorumPeer[myid={chance.randint(1, 3)}]/0", "commit": "1b9c5c1"}


def _jobs(chance: random.Random) -> dict[str, Any]:
    task = f"attempt_{chance.getrandbits(40)}_{chance.randint(1, 20):04d}_m_{chance.randint(0, 9):06d}_0"
    message = chance.choice(
        (
            f"Progress of TaskAttempt {task} is : {chance.random():.6f}",
            f"Failed to renew lease for [Client_{chance.getrandbits(30)}_1] for {chance.randint(30, 900)} seconds.  Retrying ...",
            f"Error in state machine: child {chance.randint(1000, 9999)} in error state {chance.randint(1, 9)}",
            f"Address change detected. Old: host-{chance.randint(1, 9)}/10.1.2.3:9000",
        )
    )
    return {"message": message, "resourceId": f"org.example.mapred.Task{chance.choice('ABC')}", "traceId": task}


def _spoken(chance: random.Random) -> dict[str, Any]:
    message = chance.choice(_SPOKEN).replace("{n}", str(chance.randint(1, 300)))
    metadata: dict[str, Any] = {
        "пользователь": chance.choice(_USERS),
        "nested": {"empty": "", "none": None, "list": []},
    }
    if chance.random() < 0.3:
        metadata["flag"] = chance.random() < 0.5
    return {"message": message, "metadata": metadata}


_STYLES: tuple[Callable[[random.Random], dict[str, Any]], ...] = (_daemon, _blocks, _requests, _quorum, _jobs, _spoken)


def made_logs(count: int) -> Iterator[dict[str, Any]]:
    """Yield *count* logs as senders would send them."""
    chance = random.Random(20_230_915)
    for number in range(count):
        log = _STYLES[number % len(_STYLES)](chance)
        log["level"] = chance.choice(_LEVELS)
        log["timestamp"] = _timestamp(chance)
        if chance.random() < 0.9:
            log["spanId"] = f"span-{number:05d}"
        log["metadata"] = {"parentResourceId": f"server-{chance.randint(0, 20):04d}", **log.get("metadata", {})}
        yield log


def _timestamp(chance: random.Random) -> str:
    # Every other log lies within the same hour, so that many share a moment.
    if chance.random() < 0.5:
        day, fraction = "2015-10-18T18", f"{chance.randint(0, 3):03d}"
    else:
        day = f"{chance.choice(_YEARS):04d}-{chance.randint(1, 12):02d}-{chance.randint(2, 27):02d}T{chance.randint(0, 23):02d}"
        fraction = f"{chance.randrange(1000):03d}{chance.choice(('', '', '000001', '999999'))}"
    zone = chance.choice(("Z", "Z", "Z", "+02:00", "-09:30"))
    return f"{day}:{chance.randint(0, 59):02d}:{chance.randint(0, 3):02d}.{fraction}{zone}"
