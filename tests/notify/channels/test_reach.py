"""Where webhooks may lead: outside, and inside only where a setting says so."""

from __future__ import annotations

import socket

import pytest

from app.notify.channels import post as post_module
from app.notify.channels import reach
from app.notify.channels.post import post
from app.ports.outbox import Undelivered
from tests.notify.channels.receivers import Receiver

INSIDE = (
    "127.0.0.1",
    "127.8.9.1",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.0.192",
    "168.63.129.16",
    "100.100.100.200",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::1",
    "fe80::1%eth0",
    "fec0::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
)
OUTSIDE = ("1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808")


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_are_refused(address: str) -> None:
    """Private, loopback, link-local, metadata, shared and reserved ones, also where IPv6 stands for them."""
    assert not reach.may_reach(address, ())


@pytest.mark.parametrize("address", OUTSIDE)
def test_addresses_outside_are_reached(address: str) -> None:
    """All others, in either way of writing."""
    assert reach.may_reach(address, ())


def test_what_is_allowed_is_reached() -> None:
    """A network that is named, as IPv4 and within IPv6, and no other."""
    assert reach.may_reach("10.1.2.3", ("10.1.0.0/16",))
    assert reach.may_reach("::ffff:10.1.2.3", ("127.0.0.1/32", "10.1.0.0/16"))
    assert not reach.may_reach("10.2.2.3", ("10.1.0.0/16",))
    assert reach.may_reach("fd00::1", ("fd00::/8",))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1", "0"])
def test_no_writing_of_loopback_is_reached(receiver: Receiver, host: str) -> None:
    """A name that resolves to it, numbers that the resolver takes for it: nothing arrives, and the message says why."""
    with pytest.raises(Undelivered, match="lies inside: NOTIFY_PRIVATE"):
        post(f"http://{host}:{receiver.port}/", b"{}", {}, ())
    assert receiver.got == []


def test_a_name_is_looked_up_once(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was looked at is what is connected to: the second answer of a name that changes is never asked for."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: str, *rest: object, **more: object) -> object:
        asked.append(host)
        return real("192.0.2.1" if len(asked) == 1 else "127.0.0.1", *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(post_module, "STEP_SECONDS", 0.2)
    with pytest.raises(Undelivered, match=r"192\.0\.2\.1"):
        post(f"http://rebinding.example:{receiver.port}/", b"{}", {}, ("192.0.2.1/32",))
    assert asked == ["rebinding.example"]
    assert receiver.got == []


def test_a_redirect_inside_is_not_followed(receiver: Receiver) -> None:
    """Not even to where a webhook itself could lead; it is said, and not tried again."""
    other = Receiver("127.0.0.2")
    receiver.answers = [(307, {"Location": other.url}, ""), (302, {"Location": receiver.url}, "")]
    try:
        for _ in range(2):
            with pytest.raises(Undelivered, match="redirect") as refused:
                post(receiver.url, b"{}", {}, ("127.0.0.1/32",))
            assert refused.value.final
        assert other.got == [] and len(receiver.got) == 2
    finally:
        other.stop()


def test_a_name_that_nobody_knows_is_tried_again() -> None:
    """It may be known later."""
    with pytest.raises(Undelivered, match="can't be found") as refused:
        post("http://nowhere.invalid/", b"{}", {}, ())
    assert not refused.value.final
