"""Addresses at which syslog and GELF are listened for."""

from __future__ import annotations

import pytest

from app.settings import listeners


def test_how_long_a_connection_may_be_silent() -> None:
    """Ten minutes where an address says nothing else."""
    assert [one.idle for one in listeners.read("tcp://:5514,gelf+tcp://:12201?idle=2m,unix:///s?idle=5s")] == [
        600,
        120,
        5,
    ]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("tcp://:5514?idle=soon", "whose idle is not a period"),
        ("tcp://:5514?idle=0s", "whose idle is not a period"),
        ("udp://:5514?idle=2m", "the option idle, which udp does not have"),
        ("tcp://:5514?zone=Mars", "whose zone"),
        ("tls://:6514", "without a certificate"),
        ("http://:80", "whose scheme is none of"),
    ],
)
def test_what_no_address_says(address: str, reason: str) -> None:
    """It is refused with the address and the part at fault."""
    with pytest.raises(ValueError, match=reason):
        listeners.read(address)
