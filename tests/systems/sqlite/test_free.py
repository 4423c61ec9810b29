"""Whether a writer would wait for another: asked without waiting, and without taking anybody's lock."""

from __future__ import annotations

from pathlib import Path

from app.systems.sqlite.file import SqliteDatabase


def test_a_file_is_free_while_nobody_writes(tmp_path: Path) -> None:
    """By this process or another; and to have asked changes nothing for who writes, and for those who wait."""
    ours, theirs = SqliteDatabase(tmp_path / "a.db"), SqliteDatabase(tmp_path / "a.db")
    assert ours.is_free() and theirs.is_free()
    with ours.write(durable=False):
        for _ in range(2):
            assert (ours.is_free(), theirs.is_free()) == (False, False)
    with theirs.write(durable=True):
        assert not ours.is_free()
    assert ours.is_free() and theirs.is_free()
    for one in (ours, theirs):
        one.close()
        assert not one.is_free()
