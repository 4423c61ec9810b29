"""RabbitMQ: where it is and what its queue must be like, from a URL; and its errors in words."""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pika
from pika import exceptions

from app.errors import InvalidSettings, Problem, Unavailable

#: Name of the queue when the URL gives none.
QUEUE = "logingestor"
#: Seconds without a sign of life after which a connection counts as lost; twice that at the broker.
HEARTBEAT_SECONDS = 60
#: Seconds to wait for a connection, and for the handshake on it.
CONNECT_SECONDS = 5
HANDSHAKE_SECONDS = 10
#: Exceptions that pika raises when a connection can't be made or is lost.
ERRORS = (exceptions.AMQPError, OSError)
#: Reply codes of AMQP 0-9-1: 404, no such queue; 406, the queue exists with other arguments.
NOT_FOUND, PRECONDITION_FAILED = 404, 406
#: Seconds for which a queue must have been there before it is used: what RabbitMQ notes of a new one reaches the disk half a
#: second later, and a queue that it forgot in a crash can't be read any more.
SETTLE_SECONDS = 1.5

# Errors of a connection are raised to us and said in our own words.
logging.getLogger("pika").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class RabbitAddress:
    """A queue of a RabbitMQ server."""

    parameters: Any
    queue: str
    #: Most bytes of messages that may wait.
    limit: int

    @property
    def dead_queue(self) -> str:
        """Where the broker itself puts a message that it won't deliver any more; it is drained too."""
        return f"{self.queue}.dead"

    @property
    def place(self) -> str:
        """Host and port."""
        return f"{self.parameters.host}:{self.parameters.port}"

    def queues(self) -> list[tuple[str, dict[str, Any]]]:
        """Return names and arguments of the queues, in the order in which they must be declared.

        Quorum queues write to disk before they confirm. A full one refuses (`reject-publish`). There is no
        delivery limit, as a log is given up only by our own code; should an administrator's policy or a
        later RabbitMQ set one, such messages are kept at least once in the dead queue.
        """
        dead_letters = {
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": self.dead_queue,
            "x-dead-letter-strategy": "at-least-once",
        }
        bounds = {"x-overflow": "reject-publish", "x-max-length-bytes": self.limit}
        quorum = {"x-queue-type": "quorum"}
        return [(self.dead_queue, quorum), (self.queue, {**quorum, **dead_letters, **bounds})]


def address(url: str, limit: int) -> RabbitAddress:
    """Return the queue that *url* names; raises InvalidSettings. pika's own parameters may stand in it beside `queue`."""
    try:
        parts = urlsplit(url)
        given = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        name = given.pop("queue", QUEUE)
        if not name or len(name.encode()) > 200:
            raise ValueError("the queue's name is empty or too long")
        user, at, host = parts.netloc.rpartition("@")
        if at and ":" not in user:  # pika wants a password, if an empty one
            user += ":"
        query = {"heartbeat": str(HEARTBEAT_SECONDS), "connection_attempts": "1", **given}
        parameters = pika.URLParameters(urlunsplit(parts._replace(netloc=user + at + host, query=urlencode(query))))
    except (ValueError, TypeError) as error:
        raise InvalidSettings(
            Problem(f"LOGINGESTOR_QUEUE_URL can't be read: {error}", "LOGINGESTOR_QUEUE_URL")
        ) from error
    if "socket_timeout" not in given:
        parameters.socket_timeout = CONNECT_SECONDS
    if "stack_timeout" not in given:
        parameters.stack_timeout = HANDSHAKE_SECONDS
    parameters.client_properties = {"connection_name": "logingestor"}
    return RabbitAddress(parameters, name, limit)


def prepare(where: RabbitAddress) -> None:
    """Make the queues, if they are missing, and wait until they outlive a crash of the broker. Raises Unavailable."""
    try:
        with closing(pika.BlockingConnection(where.parameters)) as connection:
            if _declared(connection, where):
                return
            channel = connection.channel()
            for name, arguments in where.queues():
                channel.queue_declare(name, durable=True, arguments=arguments)
            connection.sleep(SETTLE_SECONDS)
    except ERRORS as error:
        raise unavailable(where, error) from error


def _declared(connection: Any, where: RabbitAddress) -> bool:
    channel = connection.channel()
    try:
        for name, _ in where.queues():
            channel.queue_declare(name, passive=True)
    except exceptions.ChannelClosedByBroker as error:
        if error.reply_code == NOT_FOUND:
            return False
        raise
    return True


def unavailable(where: RabbitAddress, error: BaseException, *, kept_unknown: bool = False) -> Unavailable:
    """Return our error for pika's."""
    if isinstance(error, exceptions.ChannelClosedByBroker) and error.reply_code == PRECONDITION_FAILED:
        message = (
            f"the queue {where.queue} was made in RabbitMQ with other settings ({error.reply_text}); set"
            " LOGINGESTOR_QUEUE_LIMIT back, or drain the queue and name another in LOGINGESTOR_QUEUE_URL"
        )
    else:
        message = f"RabbitMQ at {where.place} can't serve: {_words(error)}"
    return Unavailable(message, kept_unknown=kept_unknown)


def _words(error: BaseException) -> str:
    """Return what an error of pika says; some hold the true one inside, some say nothing."""
    inner = [one for one in error.args if isinstance(one, BaseException)]
    inner += [one for one in getattr(error, "exceptions", ()) if isinstance(one, BaseException)]
    if inner:
        return _words(inner[-1])
    if isinstance(error, exceptions.ConnectionClosed | exceptions.ChannelClosed):
        return str(error.reply_text)
    return " ".join(str(part) for part in error.args) or type(error).__name__
