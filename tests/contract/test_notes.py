"""What every NoteKeeper promises, and the figures that are kept as notes."""

from __future__ import annotations

from app.backends import Backends
from app.log.envelope import Claim, DeadLetter, Envelope
from app.log.record import IdSource
from app.ports.notes import REFUSED
from tests.conftest import MakeRecord, fill_backends


def test_notes(each_backends: Backends) -> None:
    """A note is 0 until it is set, keeps its last value, and meets no figure of the same name."""
    parts = each_backends.record
    assert parts.notes.noted("stored") == 0
    parts.notes.note("stored", 2**62)
    parts.notes.note("other", 5)
    assert (parts.notes.noted("stored"), parts.notes.noted("other"), parts.store.stats()["stored"]) == (2**62, 5, 0)
    parts.notes.note("stored", 0)
    assert parts.notes.noted("stored") == 0


def test_figures_grow_from_many_processes(each_backends: Backends) -> None:
    """Each addition counts; the number is that of the notes."""
    assert [each_backends.record.notes.tally("x", n) for n in (1, 2, 3)] == [1, 3, 6]
    assert each_backends.record.notes.noted("x") == 6


def test_accepted_and_stored_and_refused_never_fall(each_backends: Backends, make_record: MakeRecord) -> None:
    """Deleting logs or letters takes nothing from them; a request that is sent again adds nothing where that is known."""
    backends = each_backends
    records = [make_record() for _ in range(5)]
    fill_backends(backends, records)
    assert backends.queue.accepted() == 5
    assert backends.store.stats()["stored_ever"] == 5
    backends.store.delete([records[0].id])
    stats = backends.store.stats()
    assert (stats["stored"], stats["stored_ever"]) == (4, 5)
    letters = [DeadLetter(IdSource().take(1).to_bytes(16, "big"), b"{", "is not JSON") for _ in range(2)]
    backends.record.letters.bury(letters)
    backends.record.letters.bury(letters)
    backends.record.letters.drop_dead([letters[0].id])
    assert backends.record.notes.noted(REFUSED) == 2
    backends.queue.put([Envelope([make_record()], [letters[0]])], Claim("key", b"d", bytes(16)))
    assert backends.queue.accepted() == 6
