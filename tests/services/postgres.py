"""PostgreSQL from the system's package, on a folder of its own."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psycopg2

from tests.services import packages
from tests.services.process import Process, ServerFailed
from tests.services.server import Server

#: The server refuses to run as root; the package makes this user.
USER = "postgres"
#: fsync: what a killed server wrote lies in the kernel and is there again; only a power cut would need it.
SETTINGS = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}


class Postgres(Server):
    """One PostgreSQL server; whoever connects from this machine is trusted."""

    name, title, variable = "postgres", "PostgreSQL", "TEST_POSTGRES_URL"
    #: Without waiting for clients to leave.
    stop_signal = signal.SIGINT

    def __init__(self, folder: Path, *, tied: bool = False, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(folder, tied=tied)
        self.settings = SETTINGS | dict(settings or {})
        self.process = Process(self.folder, "postgres")
        self.processes = [self.process]
        self._user = USER if os.geteuid() == 0 else None

    @classmethod
    def missing(cls) -> list[str]:
        """Return what must be installed first."""
        return [] if _programs() else ["the package postgresql"]

    @classmethod
    def install(cls) -> None:
        """Install the package."""
        if cls.missing():
            packages.install(["postgresql"])

    @property
    def url(self) -> str:
        """The URL of the database that is always there."""
        return f"postgresql://{USER}@127.0.0.1:{self.ports('sql')['sql']}/postgres"

    def start(self) -> None:
        """Make the data folder at the first time, start, and wait for a connection."""
        if self.running():
            return
        programs = _programs()
        if programs is None:
            raise ServerFailed("PostgreSQL is not installed")
        self._prepare(programs)
        given = {**self.settings, "port": str(self.ports("sql")["sql"])}
        options = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
        command = [str(programs / "postgres"), "-D", str(self.folder / "data"), *options]
        self.process.start(command, self.environment(), user=self._user, tied=self.tied)
        self.wait_until(self._answers, self.process)

    def _prepare(self, programs: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._user is not None:
            _let_in(self.folder, self._user)
        if (self.folder / "data").exists():
            return
        # Half of a folder from a start that was killed is done again.
        unfinished = self.folder / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        command = [str(programs / "initdb"), "-D", str(unfinished), "-U", USER, "-A", "trust"]
        command += ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        made = subprocess.run(
            command,
            check=False,
            cwd=self.folder,
            env=self.environment(),
            user=self._user,
            group=self._user,
            extra_groups=None if self._user is None else [],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if made.returncode:
            raise ServerFailed(f"initdb ended with {made.returncode}:\n{made.stdout}{made.stderr}")
        unfinished.rename(self.folder / "data")

    def _answers(self) -> bool:
        try:
            psycopg2.connect(self.url, connect_timeout=5).close()
        except psycopg2.OperationalError:
            return False
        return True


def _programs() -> Path | None:
    """Return the folder of the newest server's programs: Debian's place, which is not on PATH, or PATH."""
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = sorted(debian, key=lambda path: [int(number) for number in re.findall(r"\d+", str(path))])
    found = str(newest[-1]) if newest else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _let_in(folder: Path, user: str) -> None:
    """Give the folder to the user, or raise ServerFailed if a folder above keeps other users out."""
    closed = [parent for parent in folder.parents if not parent.stat().st_mode & 0o001]
    if closed:
        raise ServerFailed(
            f"{user}, as whom PostgreSQL runs, may not enter {closed[0]}; choose another folder than {folder}"
        )
    account = pwd.getpwnam(user)
    os.chown(folder, account.pw_uid, account.pw_gid)
