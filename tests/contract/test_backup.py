"""Backup and restore: a round trip on every store, over stores, checked, and never over what is there."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.accept.accept import Accept
from app.accept.receipts import Receipts
from app.accept.replay import Replay
from app.backends import Backends
from app.drain.indexing import Indexing
from app.errors import InvalidInput
from app.log.envelope import Claim, DeadLetter, Envelope, Listing
from app.log.limits import Limits
from app.log.record import IdSource
from app.maintain import backup
from app.maintain.audit import audit
from app.maintain.rebuild import settled
from app.ports.alerts import Alert, SavedSearch, Silence
from app.ports.memory import ClaimMade
from app.ports.parts import RecordParts
from tests.conftest import MakeRecord, fill_backends
from tests.contract.conftest import open_combination
from tests.mortal import Clock, Killed, each_part, mortal_record
from tests.samples import random_records

MONTH_MS = 30 * 86_400_000


SEARCH = SavedSearch("s-1", "errors \U0001f642", {"q": "level:error"}, 1, 2)
ALERT = Alert("a-1", "many", "s-1", "at_least", 300, 5, silence=Silence(9, "known", "me"))


def letters(count: int) -> list[DeadLetter]:
    """Return dead letters."""
    ids = IdSource()
    return [
        DeadLetter(ids.take(1).to_bytes(16, "big"), b"\xff\0 payload", f"reason {n}", None, "s") for n in range(count)
    ]


def saved(backends: Backends) -> io.BytesIO:
    """Return a backup."""
    file = io.BytesIO()
    backup.write(file, backends.record, backends.queue, backends.keepers())
    file.seek(0)
    return file


def restored(file: io.BytesIO, backends: Backends, merge: bool = False) -> int:
    """Restore a backup; return how many records were new."""
    file.seek(0)
    contents = backup.check(file)
    file.seek(0)
    return backup.restore(file, contents, backends.record, backends.keepers(), merge=merge)


def index_all(backends: Backends) -> None:
    """Do what the index actor does until nothing is lacking."""
    indexing = Indexing(backends.store, backends.record.letters, backends.index)
    while backends.store.lacking().logs:
        indexing.catch_up()
        indexing.settle(now=True)


@pytest.fixture
def full(each_backends: Backends, make_record: MakeRecord) -> Backends:
    """Backends with stored and waiting logs, dead letters, and claims."""
    fill_backends(
        each_backends, [*random_records(5, 2_000), *(make_record(metadata={"big": 10**30}) for _ in range(20))]
    )
    each_backends.record.letters.bury(letters(1_100))
    each_backends.record.claims.remember([ClaimMade("key", 0, 1, b"digest", b"answer", 5)])
    waits = [make_record(message="waits") for _ in range(150)]
    each_backends.queue.put([Envelope(waits[:100]), Envelope(waits[100:], letters(2))], Claim("k", b"d", b"a"))
    each_backends.record.alerts.keep_search(SEARCH)
    each_backends.record.alerts.keep_alert(ALERT)
    each_backends.queue.keep(Listing(b"l" * 16, [waits[0].id], 10**6))
    return each_backends


def test_round_trip(full: Backends, tmp_path: Path) -> None:
    """An empty system of the default kind holds it all afterwards, waiting logs stored, the index right."""
    settled(full.store)
    records = [record for _, record in full.store.after(0, 5_000)]
    target = open_combination("one-file", tmp_path / "target")
    try:
        file = saved(full)
        new = restored(file, target)
        waited = 150 if backup.check(io.BytesIO(file.getvalue())).counts["waiting"] else 0
        assert new == 2_020 + waited
        assert target.store.get([record.id for record in records]) == records
        assert sum(target.record.letters.dead_counts().values()) == 1_100 + (2 if waited else 0)
        assert target.record.letters.dead(2_000)[-5:] == full.record.letters.dead(2_000)[-5:]
        assert target.record.claims.claimed("key") is not None
        assert target.queue.listed(b"l" * 16) is not None
        assert (target.record.alerts.searches(), [one.alert for one in target.record.alerts.alerts()]) == (
            [SEARCH],
            [ALERT],
        )
        index_all(target)
        assert audit(target.store, target.record.letters, target.index, MONTH_MS * 1_000).same
    finally:
        target.close()


def test_what_has_its_name_stays(each_backends: Backends, tmp_path: Path) -> None:
    """A restored alert watches the search that it watched, though another has its name here."""
    source = open_combination("three-files", tmp_path / "source")
    try:
        source.record.alerts.keep_search(SEARCH)
        source.record.alerts.keep_alert(ALERT)
        here = SavedSearch("other", SEARCH.name, {"q": "x"}, 1, 1)
        each_backends.record.alerts.keep_search(here)
        for _ in range(2):
            restored(saved(source), each_backends, merge=True)
        names = {search.id: search.name for search in each_backends.record.alerts.searches()}
        assert names == {"other": SEARCH.name, "s-1": f"{SEARCH.name} (s-1)"}
        assert [one.alert for one in each_backends.record.alerts.alerts()] == [ALERT]
    finally:
        source.close()


def test_back_into_its_own_kind(full: Backends, tmp_path: Path) -> None:
    """What was restored elsewhere goes into every store, and a second time adds nothing."""
    source = open_combination("three-files", tmp_path / "source")
    try:
        restored(saved(full), source)
        file = saved(source)
        with pytest.raises(InvalidInput, match="not empty"):
            restored(file, full)
        before = full.store.stats()["stored"]
        new = restored(file, full, merge=True)
        assert full.store.stats()["stored"] == before + new == source.store.stats()["stored"]
        assert restored(file, full, merge=True) == 0
    finally:
        source.close()


def test_empty_system(each_backends: Backends) -> None:
    """A backup of nothing is a backup."""
    assert restored(saved(each_backends), each_backends) == 0


def test_restore_that_was_killed_goes_on(each_backends: Backends, tmp_path: Path, make_record: MakeRecord) -> None:
    """Run again it completes, without --merge; another backup is refused meanwhile."""
    source = open_combination("one-file", tmp_path / "source")
    try:
        fill_backends(source, [make_record() for _ in range(500)])
        source.record.letters.bury(letters(3))
        file, empty = saved(source), saved(each_backends)
        contents = backup.check(file)
        for last in range(1, 10):
            file.seek(0)
            record = mortal_record(each_backends.record, Clock(last, after=True), "add", "bury", "note")
            with suppress(Killed):
                backup.restore(file, contents, record, each_backends.keepers(), merge=False)
            if not each_backends.record.notes.noted("restoring"):
                break
            if each_backends.store.stats()["stored"]:
                with pytest.raises(InvalidInput):
                    restored(empty, each_backends)
        # Each run came one call further than the last: note, add, bury, note.
        assert last == 4
        assert each_backends.store.stats()["stored"] == 500
        assert sum(each_backends.record.letters.dead_counts().values()) == 3
        with pytest.raises(InvalidInput):
            restored(file, each_backends)
    finally:
        source.close()


Damage = Callable[[bytes], bytes]


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:-60],
        lambda whole: whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:],
        lambda whole: b"",
        lambda whole: b"no backup at all",
        lambda whole: whole[:40],
    ],
)
def test_damage_is_told_before_anything_is_stored(backends: Backends, make_record: MakeRecord, damage: Damage) -> None:
    """A backup that was cut off or changed is refused whole."""
    fill_backends(backends, [make_record(message=f"{n} {'x' * (n % 300)}") for n in range(3_000)])
    whole = saved(backends).getvalue()
    backup.check(io.BytesIO(whole))
    with pytest.raises(InvalidInput):
        backup.check(io.BytesIO(damage(whole)))


def test_parts_that_were_left_out_are_told(backends: Backends, make_record: MakeRecord) -> None:
    """Even where the stream itself is sound its end says what belongs in it."""
    import zstandard

    fill_backends(backends, [make_record() for _ in range(100)])
    plain = zstandard.ZstdDecompressor().stream_reader(saved(backends)).read()
    parts, at = list[bytes](), 0
    while at < len(plain):
        size = 4 + int.from_bytes(plain[at : at + 4], "big")
        parts.append(plain[at : at + size])
        at += size
    assert len(parts) >= 3
    packed = zstandard.ZstdCompressor().compress(b"".join([parts[0], *parts[2:]]))
    with pytest.raises(InvalidInput, match="damaged"):
        backup.check(io.BytesIO(packed))


def test_backup_while_logs_move(each_backends: Backends, make_record: MakeRecord) -> None:
    """All that was accepted before it began is in it, though a worker drains meanwhile."""
    records = [make_record(message=f"log {n}") for n in range(900)]
    each_backends.queue.put([Envelope(records[at : at + 100]) for at in range(0, 900, 100)])

    class Draining:
        """The record's logs, before whose first question a worker moves everything."""

        def __init__(self) -> None:
            self._moved = False

        def __getattr__(self, name: str) -> object:
            if name == "newest_place" and not self._moved:
                self._moved = True
                fill_backends(each_backends, [])
            return getattr(each_backends.store, name)

    file = io.BytesIO()
    contents = backup.write(file, over(each_backends, Draining()), each_backends.queue, each_backends.keepers())
    file.seek(0)
    found = {
        record.id
        for part in backup.BackupReader(file).parts()
        if isinstance(part, backup.Logs | backup.Waiting)
        for record in part.records
    }
    assert found == {record.id for record in records}
    assert contents.counts["logs"] == 900


def replay(backends: Backends) -> Replay:
    """Return what sends letters again."""
    receipts = Receipts(backends.queue, backends.store, backends.record.letters, backends.index, b"secret", MONTH_MS)
    return Replay(Accept(backends.queue, receipts), backends.record.letters, Limits(1 << 20, 1 << 18, MONTH_MS))


def over(backends: Backends, logs: object) -> RecordParts:
    """Return the parts of a record whose logs are asked of *logs*."""
    return replace(backends.record, store=logs)  # type: ignore[arg-type]


class Replaying:
    """A record; before the given call to it letters are replayed, and what that queued is stored where said."""

    def __init__(self, backends: Backends, call: str, *, stored: bool) -> None:
        self._backends, self._call, self._stored = backends, call, stored

    def part(self, real: Any) -> Any:
        """Return a part of it."""
        return Watching(real, self._before)

    def _before(self, name: str) -> None:
        if name == self._call:
            self._call = ""
            for letter in self._backends.record.letters.dead(10):
                assert not replay(self._backends).letter(letter).refused
            if self._stored:
                fill_backends(self._backends, [])


class Watching:
    """Passes what is asked on to *real*, after *before* was told of it."""

    def __init__(self, real: Any, before: Callable[[str], None]) -> None:
        self._real, self._before = real, before

    def __getattr__(self, name: str) -> Any:
        self._before(name)
        return getattr(self._real, name)


@pytest.mark.parametrize(
    ("call", "stored"),
    [("dead", True), *((call, stored) for call in ("newest_place", "after", "searches") for stored in (False, True))],
)
def test_a_letter_replayed_meanwhile_is_in_it(
    each_backends: Backends, tmp_path: Path, make_record: MakeRecord, call: str, stored: bool
) -> None:
    """As letter or as log, at whatever moment; and where it is a letter a later replay brings its log."""
    fill_backends(each_backends, [make_record() for _ in range(3)])
    identity = IdSource().take(1).to_bytes(16, "big")
    each_backends.record.letters.bury([DeadLetter(identity, b'{"message": "replayed"}', "was wrong")])
    file, replaying = io.BytesIO(), Replaying(each_backends, call, stored=stored)
    record = each_part(each_backends.record, replaying.part)
    backup.write(file, record, each_backends.queue, each_backends.keepers())
    target = open_combination("one-file", tmp_path / "target")
    try:
        restored(file, target)
        for letter in target.record.letters.dead(10):
            assert not replay(target).letter(letter).refused
        fill_backends(target, [])
        messages = [record.message for _, record in target.store.after(0, 100)]
        assert messages.count("replayed") >= 1
        assert target.record.letters.dead(10) == []
    finally:
        target.close()


def test_a_letter_is_in_it_once(each_backends: Backends) -> None:
    """Though letters are read at the beginning and at the end, and some come meanwhile."""
    before, meanwhile = letters(700), letters(3)
    each_backends.record.letters.bury([before[0], *before[2:]])

    class Burying:
        """The record's logs; while they are read letters come."""

        def __getattr__(self, name: str) -> object:
            if name == "newest_place":
                each_backends.record.letters.bury([before[1], *meanwhile])
            return getattr(each_backends.store, name)

    file = io.BytesIO()
    contents = backup.write(file, over(each_backends, Burying()), each_backends.queue, each_backends.keepers())
    file.seek(0)
    found = [
        one.id
        for part in backup.BackupReader(file).parts()
        if isinstance(part, backup.LetterPart)
        for one in part.letters
    ]
    assert sorted(found) == sorted(one.id for one in [*before, *meanwhile])
    assert contents.counts["dead"] == 703
