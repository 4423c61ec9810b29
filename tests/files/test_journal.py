"""The Journal Export Format: entries come out whole, however the stream was cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.files.journal.entries import Entries, id_of, log_of
from app.log.record import is_uuid7

STREAM = (
    b"__CURSOR=s=1;i=1\n__REALTIME_TIMESTAMP=1796000000001000\nMESSAGE=one=1\nPRIORITY=3\n_HOSTNAME=web1\n\n"
    b"__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1796000000002000\nMESSAGE\n" + (9).to_bytes(8, "little") + b"two\nlines\n"
    b"TAG=a\nTAG=b\n_SOURCE_REALTIME_TIMESTAMP=1796000000001945\n\n"
)


def read(*pieces: bytes, limit: int = 1_000) -> list[dict[str, object]]:
    """Return the entries of a stream that came in pieces."""
    entries = Entries(limit)
    return [entry for piece in pieces for entry in entries.feed(piece)] + list(entries.flush())


def test_entries() -> None:
    """Values with line feeds come with their length; a name may stand twice; the sender's own time counts."""
    first, second = map(log_of, read(STREAM))
    assert (first["message"], first["level"], first["resourceId"]) == ("one=1", "err", "web1")
    assert first["timestamp"] == "2026-11-30T00:53:20.001000+00:00"
    assert second["message"] == "two\nlines"
    assert second["timestamp"] == "2026-11-30T00:53:20.001945+00:00"
    assert second["metadata"]["TAG"] == ["a", "b"]


def test_pieces_make_no_difference() -> None:
    """Wherever the stream is cut."""
    whole = read(STREAM)
    assert read(*(STREAM[at : at + 1] for at in range(len(STREAM)))) == whole
    for at in range(len(STREAM)):
        assert read(STREAM[:at], STREAM[at:]) == whole


def test_an_entry_without_end_is_taken() -> None:
    """The stream may end without its last blank line."""
    assert read(STREAM[:-1]) == read(STREAM)


def test_a_value_that_is_too_long_is_cut_and_costs_no_other() -> None:
    """Memory stays bounded; the entries behind it are read."""
    long = b"MESSAGE\n" + (5_000).to_bytes(8, "little") + b"x" * 5_000 + b"\n\n"
    for pieces in ([long + STREAM], [(long + STREAM)[at : at + 7] for at in range(0, len(long + STREAM), 7)]):
        cut, *others = read(*pieces)
        assert set(str(cut["MESSAGE"])) <= {"x"}
        assert log_of(cut)["metadata"] == {"unread": {"MESSAGE": "is cut: it has 5,000 bytes"}}
        assert others == read(STREAM)


def test_what_is_left_out_is_named() -> None:
    """A field for which there is no room any more, and more fields than journald itself keeps; an entry of nothing else too."""
    (entry,) = read(b"MESSAGE=x\nLONG=" + b"y" * 995 + b"\n\n")
    assert entry == {"MESSAGE": "x", "unread": {"LONG": "is left out: the entry has more than 1,000 bytes"}}
    (entry,) = read(b"LONG=" + b"y" * 1_500 + b"\n\n")
    assert log_of(entry)["metadata"]["unread"] == {"LONG": "is left out: the entry has more than 1,000 bytes"}
    (entry,) = read(b"".join(b"A%d=\n" % n for n in range(2_000)) + b"\n", limit=100_000)
    unread = log_of(entry)["metadata"]["unread"]
    assert unread["A1024"] == "is left out: the entry has more than 1,024 fields"
    assert (len(unread), unread["…"]) == (21, "more fields are left out")


def test_ids_are_made_from_cursors() -> None:
    """The same entry has the same id whenever it comes, and no other has it."""
    ids = [id_of(entry) for entry in read(STREAM)]
    assert ids == [id_of(entry) for entry in read(STREAM)]
    assert len(set(ids)) == 2
    assert all(identity is not None and is_uuid7(identity) for identity in ids)
    assert id_of({"__CURSOR": "x"}) is None


@given(st.lists(st.one_of(st.binary(max_size=30), st.just(STREAM)), max_size=6))
def test_any_stream_is_read(pieces: list[bytes]) -> None:
    """Nothing that comes makes it fail."""
    for entry in read(*pieces, limit=50):
        log_of(entry)
        id_of(entry)


def test_names_and_repetitions_count() -> None:
    """A field of no value costs memory too, and one more of a name costs no copy of all before it."""
    (entry,) = read(b"A=\n" * 50_000 + b"\n")
    assert len(str(entry["A"])) < 10_000
    (entry,) = read(b"".join(b"%0900d=\n" % n for n in range(1_000)) + b"\n")
    assert sum(map(len, entry)) <= 2_000


def test_numbers_that_are_none_cost_nothing() -> None:
    """A priority of several digits, and digits of other scripts."""
    assert "level" not in log_of({"MESSAGE": "x", "PRIORITY": "12"})
    assert id_of({"__CURSOR": "x", "__REALTIME_TIMESTAMP": "²"}) is None


def test_what_is_no_entry_is_kept_apart() -> None:
    """A text that is no export is no field of an entry, and does not vanish."""
    entries = Entries(1_000)
    assert [*entries.feed(STREAM + b"hello"), *entries.flush()] == read(STREAM)
    assert entries.stray == b"hello"
