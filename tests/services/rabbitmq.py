"""RabbitMQ from Debian's package, as a node of its own that knows no other node."""

from __future__ import annotations

import secrets
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path

from tests.services import packages
from tests.services.process import Process, ServerFailed
from tests.services.server import Server, write

#: The real programs. Those in /usr/sbin change to the package's user and to its folders.
PROGRAMS = Path("/usr/lib/rabbitmq/bin")
#: The data belong to the node's name, so it stays the same; each server has a list of names of its own, so equal ones never meet.
NODE = "logingestor@localhost"
#: Erlang's processes listen on this machine only, and do not spin while they wait.
ERLANG = "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"
#: What a small machine has free.
SETTINGS = {
    "disk_free_limit.absolute": "50MB",
    "vm_memory_high_watermark.absolute": "1GB",
    "log.console": "true",
    "log.console.level": "warning",
    "log.console.use_colors": "off",
    "log.file": "false",
}
#: The first bytes of AMQP 0-9-1: whoever understands them answers.
GREETING = b"AMQP\0\0\x09\x01"


class Rabbitmq(Server):
    """One RabbitMQ node with the user guest."""

    name, title, variable = "rabbitmq", "RabbitMQ", "TEST_RABBITMQ_URL"

    def __init__(self, folder: Path, *, tied: bool = False, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(folder, tied=tied)
        self.settings = SETTINGS | dict(settings or {})
        self.process = Process(self.folder, "rabbitmq")
        # Erlang's list of nodes and their ports. One of our own: the system's would be shared with other nodes.
        self.epmd = Process(self.folder, "epmd")
        self.processes = [self.process, self.epmd]

    @classmethod
    def missing(cls) -> list[str]:
        """Return what must be installed first."""
        there = (PROGRAMS / "rabbitmq-server").exists() and shutil.which("epmd")
        return [] if there else ["the package rabbitmq-server"]

    @classmethod
    def install(cls) -> None:
        """Install the package."""
        if cls.missing():
            packages.install(["rabbitmq-server"])

    @property
    def url(self) -> str:
        """The URL of the virtual host `/`."""
        return f"amqp://guest:guest@127.0.0.1:{self._ports['amqp']}/%2F"

    def start(self) -> None:
        """Start the node and wait until it speaks AMQP, which it does last."""
        if self.process.pid() is not None:
            return
        if self.missing():
            raise ServerFailed("RabbitMQ is not installed")
        self._prepare()
        environment = self.environment()
        epmd = shutil.which("epmd") or "epmd"
        if self.epmd.pid() is None:
            command = [epmd, "-port", str(self._ports["epmd"]), "-address", "127.0.0.1"]
            self.epmd.start(command, environment, tied=self.tied)
            self.wait_until(lambda: _greets(self._ports["epmd"], b""), self.epmd)
        self.process.start([str(PROGRAMS / "rabbitmq-server")], environment, tied=self.tied)
        self.wait_until(lambda: _greets(self._ports["amqp"], GREETING), self.process)

    @property
    def _ports(self) -> dict[str, int]:
        return self.ports("amqp", "distribution", "epmd")

    def environment(self) -> dict[str, str]:
        """Return the environment that keeps the node in its folder."""
        within = {
            "BASE": "",
            "MNESIA_BASE": "data",
            "LOG_BASE": "log",
            "CONFIG_FILE": "rabbitmq.conf",
            "ADVANCED_CONFIG_FILE": "advanced.config",
            "ENABLED_PLUGINS_FILE": "enabled_plugins",
            "GENERATED_CONFIG_DIR": "config",
            "FEATURE_FLAGS_FILE": "feature_flags",
            "PID_FILE": "rabbitmq-node.pid",
        }
        return {
            **super().environment(),
            **{f"RABBITMQ_{name}": str(self.folder / place) for name, place in within.items()},
            # The system's own settings are not ours.
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_NODENAME": NODE,
            "RABBITMQ_DIST_PORT": str(self._ports["distribution"]),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG,
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._ports["epmd"]),
            # The starting script then turns into the node, instead of waiting for it: a kill hits the node itself.
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    def _prepare(self) -> None:
        for place in ("data", "log", "config"):
            (self.folder / place).mkdir(parents=True, exist_ok=True)
        write(self.folder / "rabbitmq.conf", {"listeners.tcp.1": f"127.0.0.1:{self._ports['amqp']}", **self.settings})
        (self.folder / "enabled_plugins").write_text("[].\n")
        cookie = self.folder / ".erlang.cookie"
        if not cookie.exists():
            cookie.write_text(secrets.token_hex(16))
        # Erlang refuses one that others may read.
        cookie.chmod(0o400)


def _greets(port: int, greeting: bytes) -> bool:
    """Return whether somebody listens there, and answers the greeting if there is one."""
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as connection:
            connection.sendall(greeting)
            return not greeting or bool(connection.recv(1))
    except OSError:
        return False
