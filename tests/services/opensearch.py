"""OpenSearch from the jars of Maven Central, as one node or a cluster."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.services import java
from tests.services.process import Process, ServerFailed
from tests.services.server import Server, write

#: Whether OpenSearch refuses requests by how full its heap is.
REAL_MEMORY = "indices.breaker.total.use_real_memory"
#: Each module of the server: its jars, its class, the module it extends. Version numbers of jars are left out.
MODULES = {
    "transport-netty4": (("transport-netty4-client",), "transport.Netty4ModulePlugin", ""),
    "analysis-common": (("analysis-common",), "analysis.common.CommonAnalysisModulePlugin", "lang-painless"),
    "mapper-extras": (("mapper-extras-client",), "index.mapper.MapperExtrasModulePlugin", ""),
    "reindex": (("reindex-client",), "index.reindex.ReindexModulePlugin", ""),
    "lang-painless": (("lang-painless", "opensearch-scripting-painless-spi"), "painless.PainlessModulePlugin", ""),
    "ingest-common": (("ingest-common",), "ingest.common.IngestCommonModulePlugin", "lang-painless"),
}
SETTINGS: dict[str, object] = {
    # A developer's disk is often fuller than the 85 % from which on OpenSearch places no shard.
    "cluster.routing.allocation.disk.threshold_enabled": "false",
    # By default it refuses all requests once 95 % of its heap is used, be it by garbage. Of the 1,024 MiB here tests on long
    # texts made 283 MiB of garbage beside the 600 MiB after which Java collects at all, with 50 MiB in use: the limit was
    # met now and then. This way only what requests in progress hold counts.
    REAL_MEMORY: "false",
}
_OPTIONS = [
    "--add-modules=jdk.incubator.vector",
    "--enable-native-access=ALL-UNNAMED",
    "-Dfile.encoding=UTF-8",
    "-Djava.awt.headless=true",
    "-Dio.netty.noUnsafe=true",
    "-Dio.netty.allocator.numDirectArenas=0",
    "-Dlog4j.shutdownHookEnabled=false",
    "-Dlog4j2.disable.jmx=true",
    # As the server's own start script sets them.
    "-XX:+UseG1GC",
    "-XX:G1ReservePercent=25",
    "-XX:InitiatingHeapOccupancyPercent=30",
]
#: As root the server would refuse to start if it could see who it is; without its native library it can't, nor lock memory.
_AS_ROOT = ["-Djna.nosys=true", "-Djna.noclasspath=true"]
_LOGGING = {
    "status": "error",
    "appender.console.type": "Console",
    "appender.console.name": "console",
    "appender.console.layout.type": "PatternLayout",
    "appender.console.layout.pattern": "%d{ISO8601} %-5p %c{1.} %m%n",
    "rootLogger.level": "info",
    "rootLogger.appenderRef.console.ref": "console",
}


class OpenSearch(Server):
    """A cluster of so many nodes on this machine; without login or TLS."""

    name, title, variable = "opensearch", "OpenSearch", "TEST_OPENSEARCH_URL"

    def __init__(
        self,
        folder: Path,
        *,
        tied: bool = False,
        nodes: int = 1,
        heap: str = "1g",
        settings: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(folder, tied=tied)
        self.heap = heap
        self.settings = SETTINGS | dict(settings or {})
        #: The nodes, by number from 0.
        self.processes = [Process(self.folder / f"node-{number}", "node") for number in range(nodes)]

    @classmethod
    def missing(cls) -> list[str]:
        """Return what must be installed first."""
        return java.missing(_home())

    @classmethod
    def install(cls) -> None:
        """Fetch the server's jars, and Java if there is none."""
        java.install("opensearch", _home(), _arrange)

    @property
    def url(self) -> str:
        """The addresses of all nodes."""
        return "http://" + ",".join(f"127.0.0.1:{port}" for port in self._ports("http"))

    def start(self, node: int | None = None) -> None:
        """Start one node, or all that do not run, and wait until those that run are one cluster with all primaries."""
        numbers = range(len(self.processes)) if node is None else [node]
        for number in numbers:
            if self.processes[number].pid() is None:
                self._start(number)
        alive = [process for process in self.processes if process.pid() is not None]
        if not alive:
            raise ServerFailed(f"OpenSearch ended at once:\n{self.processes[0].console_end()}")
        self.wait_until(lambda: self._healthy(len(alive)), *alive)

    def stop(self, node: int | None = None) -> None:
        """Stop one node, or all."""
        for process in self.processes if node is None else [self.processes[node]]:
            process.stop()

    def kill(self, node: int | None = None) -> None:
        """Kill one node, or all."""
        for process in self.processes if node is None else [self.processes[node]]:
            process.kill()

    def _ports(self, kind: str) -> list[int]:
        return list(self.ports(*(f"{kind}-{number}" for number in range(len(self.processes)))).values())

    def _start(self, number: int) -> None:
        found = java.find()
        if found is None or self.missing():
            raise ServerFailed("OpenSearch is not installed")
        folder = self.folder / f"node-{number}"
        self._configure(number, folder)
        command = [
            str(found),
            f"-Xms{self.heap}",
            f"-Xmx{self.heap}",
            *_OPTIONS,
            *(_AS_ROOT if os.geteuid() == 0 else []),
            f"-Djava.io.tmpdir={folder / 'tmp'}",
            f"-Dopensearch.path.home={_home()}",
            f"-Dopensearch.path.conf={folder / 'config'}",
            "-cp",
            str(_home() / "lib" / "*"),
            "org.opensearch.bootstrap.OpenSearch",
        ]
        self.processes[number].start(command, self.environment(), tied=self.tied)

    def _configure(self, number: int, folder: Path) -> None:
        for place in ("config", "data", "logs", "tmp"):
            (folder / place).mkdir(parents=True, exist_ok=True)
        transport = self._ports("transport")
        given: dict[str, object] = {
            "cluster.name": f"tests-{transport[0]}",
            "node.name": f"node-{number}",
            "path.data": folder / "data",
            "path.logs": folder / "logs",
            "network.host": "127.0.0.1",
            "http.port": self._ports("http")[number],
            "transport.port": transport[number],
        }
        if len(self.processes) == 1:
            given["discovery.type"] = "single-node"
        else:
            given["discovery.seed_hosts"] = json.dumps([f"127.0.0.1:{port}" for port in transport])
            names = [f"node-{other}" for other in range(len(self.processes))]
            given["cluster.initial_cluster_manager_nodes"] = json.dumps(names)
        write(folder / "config" / "opensearch.yml", {**given, **self.settings}, ": ")
        write(folder / "config" / "log4j2.properties", _LOGGING)

    def _healthy(self, count: int) -> bool:
        query = f"_cluster/health?wait_for_nodes={count}&wait_for_status=yellow&timeout=2s"
        for port, process in zip(self._ports("http"), self.processes, strict=True):
            if process.pid() is not None:
                try:
                    with urlopen(f"http://127.0.0.1:{port}/{query}", timeout=10) as answer:
                        if json.load(answer)["timed_out"]:
                            return False
                except (URLError, OSError, ValueError):
                    return False
        return True


def _home() -> Path:
    return java.home("opensearch", repr(MODULES))


def _arrange(home: Path) -> None:
    """Arrange the jars as the server looks for them: its own in lib/, each module in a folder with a description."""
    for place in ("bin", "extensions", "plugins"):
        # Empty, but looked into.
        (home / place).mkdir()
    core = next(path.name for path in (home / "lib").iterdir() if re.match(r"opensearch-\d", path.name))
    version = core.removeprefix("opensearch-").removesuffix(".jar")
    for name, (jars, plugin, extended) in MODULES.items():
        folder = home / "modules" / name
        folder.mkdir(parents=True)
        for jar in jars:
            (home / "lib" / f"{jar}-{version}.jar").rename(folder / f"{jar}-{version}.jar")
        description = {
            "name": name,
            "description": name,
            "version": version,
            "opensearch.version": version,
            "java.version": java.OLDEST,
            "classname": f"org.opensearch.{plugin}",
            "extended.plugins": extended,
        }
        write(folder / "plugin-descriptor.properties", description, "=")
