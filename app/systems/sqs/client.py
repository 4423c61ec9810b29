"""SQS: where a queue is, from a URL; its clients; the queue made when it is missing."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from app.errors import InvalidSettings, Problem, Unavailable

_SETTING = "LOGINGESTOR_QUEUE_URL"
try:
    import boto3
    from botocore import config, exceptions
except ModuleNotFoundError as missing:
    raise InvalidSettings(
        Problem(f"{_SETTING} names SQS, which needs boto3: pip install --editable '.[sqs]' in the checkout", _SETTING)
    ) from missing

#: Exceptions that boto3 raises when SQS can't be reached, or refuses.
ERRORS = (exceptions.BotoCoreError, exceptions.ClientError)
#: The exceptions that are raised before anything is sent: nothing can have been kept.
_UNSENT = (exceptions.EndpointConnectionError, exceptions.ConnectTimeoutError, exceptions.ProxyConnectionError)
#: Seconds to wait for a connection, for the answer to a send, and for one to a receive, which may wait 20 s itself.
CONNECT_SECONDS = 3
SEND_SECONDS = 8
RECEIVE_SECONDS = 30
#: Connections that threads of one process may use at once.
CONNECTIONS = 64
#: How often SQS gives a message out before it moves it aside; the drain gives up itself, log by log, long before.
MAX_RECEIVES = 1000
#: Longest time that SQS keeps a message, in seconds: 14 days.
KEPT_SECONDS = 14 * 24 * 3600

# Making a client is not safe in threads.
_making = threading.Lock()


@dataclass(frozen=True, slots=True)
class SqsAddress:
    """A queue of SQS."""

    region: str
    queue: str
    endpoint: str | None


def address(url: str) -> SqsAddress:
    """Return the queue that `sqs://region/queue?endpoint=url` names; raises InvalidSettings."""
    try:
        parts = urlsplit(url)
        given = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        endpoint = given.pop("endpoint", None)
        queue = parts.path.strip("/")
        if given:
            raise ValueError(f"{', '.join(sorted(given))} is not known; there is `endpoint`")
        if not parts.hostname or not queue or "/" in queue:
            raise ValueError("it must be sqs://region/queue")
        if queue.endswith(".fifo"):
            raise ValueError("a FIFO queue is not needed and too slow; name a standard queue")
    except ValueError as error:
        raise InvalidSettings(Problem(f"{_SETTING} can't be read: {error}", _SETTING)) from error
    return SqsAddress(parts.hostname, queue, endpoint)


class Service:
    """Clients of one queue. Raises one of ERRORS, and Unavailable when the queue is missing and can't be made."""

    def __init__(self, where: SqsAddress) -> None:
        self._where = where
        # A send that is tried again by the client itself would hide whether the first may have arrived.
        self.sender = _client(where, SEND_SECONDS, attempts=1)
        self.receiver = _client(where, RECEIVE_SECONDS, attempts=3)
        #: Whether the queue was found missing; another Service makes it anew.
        self.gone = False
        try:
            self.queue, self.dead_queue = self._find_or_make()
        except BaseException:
            self.close()
            raise

    def _find_or_make(self) -> tuple[str, str | None]:
        try:
            return self._find()
        except exceptions.ClientError as error:
            if not _missing(error):
                raise
            return self._make()

    def _find(self) -> tuple[str, str | None]:
        """Return the URLs of the queue and, where it has one, of its dead-letter queue."""
        queue = self._url(self._where.queue)
        found = self.receiver.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy"])
        policy = found.get("Attributes", {}).get("RedrivePolicy")
        if not policy:
            return queue, None
        return queue, self._url(json.loads(policy)["deadLetterTargetArn"].rpartition(":")[2])

    def _url(self, name: str) -> str:
        return str(self.receiver.get_queue_url(QueueName=name)["QueueUrl"])

    def _make(self) -> tuple[str, str]:
        kept = {"MessageRetentionPeriod": str(KEPT_SECONDS)}
        name = self._where.queue
        try:
            dead = self.receiver.create_queue(QueueName=f"{name}-dead", Attributes=kept)["QueueUrl"]
            known = self.receiver.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
            policy = {
                "deadLetterTargetArn": known["Attributes"]["QueueArn"],
                "maxReceiveCount": str(MAX_RECEIVES),
            }
            attributes = {**kept, "RedrivePolicy": json.dumps(policy)}
            return self.receiver.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"], dead
        except exceptions.ClientError as error:
            raise Unavailable(
                f"the queue {name} is missing in SQS and can't be made, make it there: {error}"
            ) from error

    def may_have_arrived(self, error: BaseException) -> bool:
        """Return whether what was sent may have been kept though this came back; notes a queue that is gone."""
        if isinstance(error, exceptions.ClientError):
            self.gone = self.gone or _missing(error)
            return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)) >= 500
        return isinstance(error, exceptions.HTTPClientError) and not isinstance(error, _UNSENT)

    def count(self, queue: str) -> int:
        """Return how many messages the queue has, taken ones included."""
        names = [f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible", "Delayed")]
        found = self.receiver.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def close(self) -> None:
        """Close the connections."""
        self.sender.close()
        self.receiver.close()


def _client(where: SqsAddress, seconds: int, attempts: int) -> Any:
    chosen = config.Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=seconds,
        max_pool_connections=CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
    )
    with _making:
        return boto3.session.Session().client(
            "sqs", region_name=where.region, endpoint_url=where.endpoint, config=chosen
        )


def _missing(error: Any) -> bool:
    """Return whether there is no such queue; the old protocol and the new have a name each for that."""
    code = str(error.response["Error"]["Code"])
    return code == "QueueDoesNotExist" or code.endswith("NonExistentQueue")
