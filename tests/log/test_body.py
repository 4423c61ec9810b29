"""Bodies without their encoding, of any number of members."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable

import pytest
import zstandard

from app.errors import InvalidRecord, TooLarge, UnsupportedMedia
from app.log.body import FORM, items
from app.log.packed import MEMBERS, inflate

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


def test_deflate_without_a_header_may_begin_with_a_nul() -> None:
    """A block that is stored as it is, with another behind it; what ends too early is refused."""
    plain, made = bytes(range(256)) * 1_000, zlib.compressobj(0, zlib.DEFLATED, -15)
    sent = made.compress(plain) + made.flush()
    assert sent[0] == 0
    assert inflate(sent, "deflate", 1 << 20) == plain
    assert inflate(b"", "deflate", 10) == b""
    for cut in (1, 100, len(sent) - 1):
        with pytest.raises(InvalidRecord, match="it ends too early"):
            inflate(sent[:cut], "deflate", 1 << 20)


@pytest.mark.parametrize("name", ENCODINGS)
def test_many_members_are_read_once_each(name: str) -> None:
    """What is behind a member is not copied for each: that would take many minutes."""
    assert inflate(ENCODINGS[name](b"") * MEMBERS, name, 100) == b""
    with pytest.raises(TooLarge, match="parts"):
        inflate(ENCODINGS[name](b"") * (MEMBERS + 1), name, 100)


def test_few_encodings_stand_around_one_another() -> None:
    """Each may be as large as the next lets it become: a hundred would be that many times the work."""
    twice = gzip.compress(zlib.compress(b"a"))
    assert inflate(twice, "deflate, identity, gzip", 100) == b"a"
    with pytest.raises(UnsupportedMedia, match="one around the other"):
        inflate(gzip.compress(twice), "deflate, gzip, gzip", 100)


def test_a_form_is_a_log() -> None:
    """Its fields are texts, of a name that comes twice a list; JSON under the same type stays JSON."""
    [item] = items(b"message=order+%C3%A9%0Afailed&level=ERROR&tag=a&tag=b&empty=", FORM)
    assert item.value == {"message": "order é\nfailed", "level": "ERROR", "tag": ["a", "b"], "empty": ""}
    [item] = items(b'{"message": "a=b&c"}', FORM)
    assert item.value == {"message": "a=b&c"}


@pytest.mark.parametrize("body", [b"message=%ff", b"message=a&" + b"b=&" * 1_001])
def test_a_form_that_is_none(body: bytes) -> None:
    """It is refused with the reason."""
    [item] = items(body, FORM)
    assert item.problem is not None
    assert "the form" in item.problem.message


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize("body", [b"no form", b"", b"=x", b"a=b c", b"a=\xff", b"a=%zz"])
def test_what_is_no_form_is_no_log(body: bytes, kind: str) -> None:
    """It was meant as JSON."""
    with pytest.raises(InvalidRecord):
        items(body, kind)
