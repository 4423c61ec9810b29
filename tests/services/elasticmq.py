"""ElasticMQ, which speaks SQS, from the jars of Maven Central."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from tests.services import java
from tests.services.process import Process, ServerFailed
from tests.services.server import Server

#: ElasticMQ takes any region and any key, but a client wants to be given some.
REGION = "us-east-1"
KEYS = {"AWS_ACCESS_KEY_ID": "anybody", "AWS_SECRET_ACCESS_KEY": "anything"}
#: Limits are those of SQS. Messages are kept in files, written at each change, so that a kill loses none.
_CONFIGURATION = """\
include classpath("application.conf")
node-address {{ protocol = http, host = "127.0.0.1", port = {port}, context-path = "" }}
rest-sqs {{ enabled = true, bind-port = {port}, bind-hostname = "127.0.0.1", sqs-limits = strict }}
rest-stats {{ enabled = false }}
generate-node-address = false
aws {{ region = "{region}", accountId = "000000000000" }}
queues-storage {{ enabled = false }}
messages-storage {{
  enabled = true, driver-class = "org.h2.Driver", username = "", password = "", prune-data-on-init = false
  uri = {database}
}}
"""


class ElasticMQ(Server):
    """One ElasticMQ server."""

    name, title, variable = "sqs", "ElasticMQ", "TEST_SQS_URL"

    def __init__(self, folder: Path, *, tied: bool = False) -> None:
        super().__init__(folder, tied=tied)
        self.process = Process(self.folder, "elasticmq")
        self.processes = [self.process]

    @classmethod
    def missing(cls) -> list[str]:
        """Return what must be installed first."""
        return java.missing(java.home("elasticmq"))

    @classmethod
    def install(cls) -> None:
        """Fetch the server's jars, and Java if there is none."""
        java.install("elasticmq", java.home("elasticmq"))

    @property
    def endpoint(self) -> str:
        """Where the server answers, for a client of SQS."""
        return f"http://127.0.0.1:{self.ports('http')['http']}"

    @property
    def url(self) -> str:
        """The region and the endpoint; a setting has a queue's name as its path as well."""
        return f"sqs://{REGION}?endpoint={self.endpoint}"

    def start(self) -> None:
        """Start the server and wait until it lists its queues."""
        if self.running():
            return
        found = java.find()
        if found is None or self.missing():
            raise ServerFailed("ElasticMQ is not installed")
        self.folder.mkdir(parents=True, exist_ok=True)
        configuration = self.folder / "elasticmq.conf"
        # WRITE_DELAY: by default a commit reaches the file half a second later.
        database = json.dumps(f"jdbc:h2:file:{self.folder / 'messages'};WRITE_DELAY=0")
        configuration.write_text(
            _CONFIGURATION.format(port=self.ports("http")["http"], region=REGION, database=database)
        )
        command = [str(found), "-Xmx256m", "-XX:+UseSerialGC", f"-Dconfig.file={configuration}"]
        command += ["-cp", str(java.home("elasticmq") / "lib" / "*"), "org.elasticmq.server.Main"]
        self.process.start(command, self.environment(), tied=self.tied)
        self.wait_until(self._answers, self.process)

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.endpoint}/?Action=ListQueues", timeout=10) as answer:
                return bool(answer.status == 200)
        except HTTPError as error:
            error.close()
            return False
        except (URLError, OSError):
            return False
