"""Damaged segments without checksums: whatever bytes came to be in their place, reading them gives logs or the error that says which can't be read."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

import msgspec
import numpy as np
import pytest

from app.errors import Damaged
from app.log.record import LogRecord
from app.systems.sqlite.file import Connection
from app.systems.sqlite.segments import segment
from app.systems.sqlite.segments.keys import OpenKeys
from app.systems.sqlite.segments.parts import DAMAGED, Packed
from app.systems.sqlite.segments.places import BLOCK
from app.systems.sqlite.segments.segment import LogColumns, SegmentParts
from app.systems.sqlite.segments.stored import Segment
from tests.thorough import examples

#: A connection that nobody asks.
NONE: Any = None
LOGS = 256


class Held(Segment):
    """A segment whose parts are at hand."""

    __slots__ = ("parts",)

    def __init__(self, parts: SegmentParts) -> None:
        super().__init__(0, LOGS - 1, LOGS, 1, b"", b"")
        self.parts = parts

    def _fetch(self, _: Connection, columns: str) -> list[bytes]:
        chunks = {f"docs{number}": chunk for number, chunk in enumerate(self.parts.chunks)}
        named = {**self.parts._asdict(), **chunks}
        return [named[name] for name in columns.split(", ") if name in named]


def made(kind: str, at_random: random.Random) -> SegmentParts:
    """Return a segment of logs that differ in all fields, or in few."""
    varied = kind == "varied"
    logs = [
        LogRecord(
            ((1 << 120) + (at_random.getrandbits(60) << 8 if varied else number)).to_bytes(16, "big"),
            1_700_000_000_000 + number * (at_random.randint(1, 5) if varied else 1),
            at_random.randint(0, 999_999) if varied else 0,
            at_random.choice(["info", "warn"]) if varied else "info",
            at_random.choice(["user %d came from 10.0.0.%d", "größe %d %d"]) % (number, number % 7)
            if varied
            else "same",
            f"server-{number % 5}",
            f"{at_random.getrandbits(128):032x}" if varied else None,
            None,
            None,
            {"number": number, "who": {"name": f"u{at_random.randint(0, 900)}"}} if varied else None,
        )
        for number in range(LOGS)
    ]
    return segment.pack(range(0, LOGS * (2 if varied else 1), 2 if varied else 1), LogColumns.of(logs))


def damaged(data: bytes, at_random: random.Random) -> bytes:
    """Return *data* with some bits turned, or cut off, or with bytes less."""
    found, place = bytearray(data), at_random.randrange(len(data))
    match at_random.randrange(4):
        case 0:
            found[place] ^= 1 << at_random.randrange(8)
        case 1:  # the beginning has the heads
            found[at_random.randrange(min(len(data), 60))] = at_random.randrange(256)
        case 2:
            del found[place:]
        case _:
            del found[place : place + at_random.randint(1, 9)]
    return bytes(found)


def read(one: Segment) -> None:
    """Ask for all that a segment has, as searches, pages and sealing do."""
    rows = np.arange(LOGS)
    with suppress(Damaged):
        one.records(NONE, [0, 1, LOGS - 1])
    with suppress(Damaged):
        one.records(NONE, range(LOGS))
    with suppress(Damaged):
        keys = one.keys(NONE)
        ids = sorted(keys.ids())
        keys.rows_of(ids[:4]), keys.rows_of(ids[:40]), keys.rows_at(rows[3:9]), keys.row_at(5)
        list(keys.keys(rows)), list(keys.keys(rows[:3])), keys.received(), keys.range_t, keys.levels()
    with suppress(Damaged):
        texts = one.texts(NONE)
        texts.counts(), texts.whole, texts.parted, texts.some(rows[:9]), texts.one(7), texts.starts, texts.all()
    with suppress(Damaged):
        fields = one.fields(NONE)
        fields.values(3), [fields.all(number) for number in range(7)]
    with suppress(Damaged):
        for column in one.digits(NONE).values():
            column.all(LOGS), column[4], column.rows("0" * 32)
    one.close()


@pytest.mark.parametrize("kind", ["varied", "alike"])
def test_any_damage_is_an_error_that_names_the_logs(kind: str) -> None:
    """No other error, and no room without end: that would end what reads it, or a whole process."""
    at_random = random.Random(kind)
    whole = made(kind, at_random)
    names = [name for name in ("keys", "fields", "skeletons", "variables", "digits") if getattr(whole, name)]
    for _ in range(examples(600)):
        number = at_random.randrange(len(names) + len(whole.chunks))
        if number < len(names):
            name = names[number]
            changed: dict[str, Any] = {name: damaged(getattr(whole, name), at_random)}
            broken = whole._replace(**changed)
        else:
            chunks = list(whole.chunks)
            chunks[number - len(names)] = damaged(chunks[number - len(names)], at_random)
            broken = whole._replace(chunks=chunks)
        read(Held(broken))


def test_a_frame_takes_no_more_room_than_it_has_bytes() -> None:
    """Whatever its head says; what is compressed well comes back."""
    packed = Packed.of(bytes(8 << 20))
    assert packed.opened() == bytes(8 << 20)
    # The eight bytes of the size, behind the magic number and the descriptor: RFC 8878, section 3.1.1.
    forged = Packed(packed.data[:4] + bytes([0xE0]) + (1 << 50).to_bytes(8, "little") + packed.data[9:], True)
    assert forged.size == 1 << 50
    with pytest.raises(DAMAGED):
        forged.opened()


def test_columns_name_no_more_logs_than_a_segment_has() -> None:
    """Room is made for as many as they name."""
    whole = msgspec.msgpack.decode(made("alike", random.Random(1)).keys)
    for path in ((0, 1), (1, 0, 0), (2, 1), (3, 1)):
        keys = msgspec.msgpack.decode(msgspec.msgpack.encode(whole))
        inner = keys
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = BLOCK << 30
        with pytest.raises(DAMAGED):
            OpenKeys(msgspec.msgpack.encode(keys)).ids()
