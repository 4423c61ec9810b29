"""What a disk may hold after a power cut, by the writes and syncs that strace recorded (bench/cuts.py)."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

#: Bytes that a disk writes whole.
SECTOR = 512
#: Ends of names of files that hold nothing that must be there after a cut.
_PASSING = ("-shm", ".lock", ".wake")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_FILE = re.compile(r"\((?:\d+|AT_FDCWD)<((?:\\x[0-9a-f]{2})+)>")


@dataclass(slots=True)
class _Write:
    """A write, or a cut to *offset* bytes where there is no *body*, from line to line of the record."""

    begin: int
    end: int
    offset: int
    body: bytes | None


@dataclass
class _File:
    """What was done to a file, whatever name it has: one that is deleted and made again is another."""

    writes: list[_Write] = field(default_factory=list)
    syncs: list[tuple[int, int]] = field(default_factory=list)

    def after(self, cut: int, mode: str, drawn: random.Random) -> bytes:
        """Return what the file may hold."""
        synced = max((begin for begin, end in self.syncs if end < cut), default=-1)
        body = bytearray()
        for one in self.writes:
            if one.begin >= cut:
                break
            if one.end > synced and (mode == "nothing" or (mode == "part" and drawn.random() < 0.5)):
                continue
            if one.body is None:
                body[one.offset :] = bytes(max(one.offset - len(body), 0))
            elif one.end > synced and mode == "sectors":
                for start in range(0, len(one.body), SECTOR):
                    if drawn.random() < 0.5:
                        _put(body, one.offset + start, one.body[start : start + SECTOR])
            else:
                _put(body, one.offset, one.body)
        return bytes(body)


def _put(body: bytearray, offset: int, piece: bytes) -> None:
    body.extend(bytes(max(offset + len(piece) - len(body), 0)))
    body[offset : offset + len(piece)] = piece


class Disk:
    """The files of a folder, as they were written; moments are lines of the record."""

    def __init__(self, folder: Path, notes: Path) -> None:
        self._folder, self._notes_path = folder, notes
        self._files: dict[Path, _File] = {}
        #: What was made and deleted in the folder: from line to line, the name, and the file that was made.
        self._names: list[tuple[int, int, Path, _File | None]] = []
        self._name_syncs: list[tuple[int, int]] = []
        self._notes: list[tuple[int, list[bytes]]] = []
        self._end = 0

    @property
    def logs(self) -> int:
        """How many logs were put."""
        return sum(len(ids) for _, ids in self._notes)

    @property
    def writes(self) -> int:
        """How many writes were recorded."""
        return sum(len(made.writes) for *_, made in self._names if made)

    @property
    def syncs(self) -> int:
        """How many syncs of files were recorded."""
        return sum(len(made.syncs) for *_, made in self._names if made)

    def add(self, begin: int, end: int, call: str) -> None:
        """Note a system call."""
        self._end = max(self._end, begin)
        name = call.partition("(")[0]
        if name in ("openat", "unlink", "unlinkat"):
            self._name(begin, end, name, call)
            return
        found = _FILE.search(call)
        path = Path(_bytes(found[1]).decode()) if found else Path()
        if path == self._folder and name in ("fsync", "fdatasync"):
            self._name_syncs.append((begin, end))
        elif path == self._notes_path and name == "write":
            body = _body(call)
            self._notes.append((begin, [body[start : start + 16] for start in range(0, len(body), 16)]))
        elif (held := self._files.get(path)) is None:
            return
        elif name in ("fsync", "fdatasync"):
            held.syncs.append((begin, end))
        elif name == "pwrite64":
            held.writes.append(_Write(begin, end, _last(call), _body(call)))
        elif name == "ftruncate":
            held.writes.append(_Write(begin, end, _last(call), None))

    def _name(self, begin: int, end: int, name: str, call: str) -> None:
        path = Path(_body(call).decode())
        if path.parent != self._folder or path.name.endswith(_PASSING) or " = -1 " in call:
            return
        if name == "openat" and "O_CREAT" in call and path not in self._files:
            self._files[path] = _File()
            self._names.append((begin, end, path, self._files[path]))
        elif name != "openat" and self._files.pop(path, None):
            self._names.append((begin, end, path, None))

    def moment(self, drawn: random.Random) -> int:
        """Return a moment for a cut, behind the first note: often right behind one."""
        begins = [begin for begin, _ in self._notes]
        return drawn.choice(begins) + 1 if drawn.random() < 0.6 else drawn.randint(begins[0] + 1, self._end)

    def noted(self, cut: int) -> list[bytes]:
        """Return the ids of the logs of which a put had returned."""
        return [one for begin, ids in self._notes if begin < cut for one in ids]

    def after(self, cut: int, mode: str, drawn: random.Random) -> dict[Path, bytes]:
        """Return the files that may be there after a cut."""
        synced = max((begin for begin, end in self._name_syncs if end < cut), default=-1)
        least = sum(end <= synced for _, end, *_ in self._names)
        most = max(least, sum(begin < cut for begin, *_ in self._names))
        count = {"nothing": least, "all": most}.get(mode, drawn.randint(least, most))
        there: dict[Path, _File] = {}
        for *_, path, made in self._names[:count]:
            if made is None:
                there.pop(path, None)
            else:
                there[path] = made
        return {path: made.after(cut, mode, drawn) for path, made in there.items()}


def recorded(folder: Path) -> Disk:
    """Return the disk by the record in *folder*."""
    disk = Disk(folder / "data", folder / "notes")
    for begin, end, call in sorted(_calls(folder / "trace")):
        disk.add(begin, end, call)
    return disk


def _calls(path: Path) -> Iterator[tuple[int, int, str]]:
    """Yield the calls of a record: the lines at which each began and ended, and its text."""
    begun: dict[str, tuple[int, str]] = {}
    with path.open() as lines:
        for number, line in enumerate(lines):
            process, _, call = line.rstrip("\n").split(None, 2)
            if call.endswith("<unfinished ...>"):
                begun[process] = number, call.removesuffix("<unfinished ...>")
            elif (resumed := re.match(r"<\.\.\. \w+ resumed>(.*)", call)) and process in begun:
                begin, head = begun.pop(process)
                yield begin, number, head + resumed[1]
            else:
                yield number, number, call
    # What was never seen to end had begun all the same.
    yield from ((begin, 1 << 60, head) for begin, head in begun.values())


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _body(call: str) -> bytes:
    found = _STRING.search(call)
    return _bytes(found[1]) if found else b""


def _last(call: str) -> int:
    """Return the last number among the arguments."""
    return int(re.findall(r", (\d+)(?=[,\s)])", call)[-1])
