"""Bodies without their encoding, of any number of members."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable

import pytest
import zstandard

from app.errors import InvalidRecord, TooLarge
from app.log.body import inflate

ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("size", [0, 1, 4_000, 300_000])
def test_members_follow_one_another(name: str, size: int) -> None:
    """Wherever one ends; one that is cut, or no member, is a fault."""
    pack, plain = ENCODINGS[name], os.urandom(size // 2) + b"a" * (size - size // 2)
    assert inflate(pack(plain) + pack(b"x") + pack(plain), name, 1 << 20) == plain + b"x" + plain
    for bad in (pack(plain)[:-1], pack(plain) + b"no member"):
        with pytest.raises(InvalidRecord):
            inflate(bad, name, 1 << 20)
    with pytest.raises(TooLarge):
        inflate(pack(plain) + pack(b"x"), name, size)


def test_nul_behind_members_is_passed_over() -> None:
    """Some fill a file up with it."""
    assert inflate(gzip.compress(b"a") + bytes(10_000) + gzip.compress(b"b") + bytes(5), "gzip", 100) == b"ab"


@pytest.mark.parametrize("name", ENCODINGS)
def test_many_members_are_read_once_each(name: str) -> None:
    """What is behind a member is not copied for each: that would take many minutes."""
    assert inflate(ENCODINGS[name](b"") * 300_000, name, 100) == b""
