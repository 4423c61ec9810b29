"""Cuts: what a power cut leaves of the SQLite file, at any moment; needs strace.

python -m bench.cuts                      records a server's parts for some seconds, then looks at 500 cuts
python -m bench.cuts --cuts 2000 --seed 7
python -m bench.cuts --unsynced           without our sync: logs must then be missing, or this measures nothing

Each write and sync of two processes that put logs and one that moves, seals and copies them is recorded, with the moments at which a put had
returned. For a cut the files are rebuilt: what was synced by then is there; of what was written since, all, nothing, any part, or any sectors.
Names in the folder are there in the order in which they were made, at least up to its last sync. Then the file must be whole, and hold each
log whose put had returned, once.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from app.backends import connect
from app.log.envelope import Envelope
from app.log.record import LogRecord
from app.settings.settings import Settings
from app.systems import synced
from app.systems.sqlite import file
from bench.disk import Disk, recorded
from tests.e2e.program import ROOT

#: Bytes of the log from which on it is copied, and started anew: small, so that it happens often.
COPIED, ANEW = 64 << 10, 256 << 10
#: Seconds of each of the phases, between which all close the file.
SECONDS, PHASES = 2.5, 3
#: What of the writes that were not synced is there after a cut.
MODES = ("nothing", "all", "part", "part", "sectors")


def settings(folder: Path) -> Settings:
    """Return the settings of a program whose data lie in *folder*."""
    return Settings.from_env({"LOGINGESTOR_DATA_DIR": str(folder), "LOGINGESTOR_MIN_FREE_DISK": "1 MiB"})


def work(folder: Path, role: str, seed: int) -> None:
    """Put logs, or move them, for some seconds; note the ids of what was put."""
    file.CHECKPOINT_BYTES, file.RESTART_BYTES = COPIED, ANEW
    backends, until = connect(settings(folder)), time.monotonic() + SECONDS
    notes = os.open(folder.parent / "notes", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def put(number: int) -> None:
        drawn = random.Random(seed * 100 + number)
        while time.monotonic() < until:
            now, count = int(time.time() * 1000), drawn.choice((1, 1, 2, 5, 40))
            ids = [now.to_bytes(6, "big") + drawn.randbytes(10) for _ in range(count)]
            backends.queue.put([Envelope([LogRecord(one, now, 0, "info", "m" * drawn.randint(1, 300)) for one in ids])])
            os.write(notes, b"".join(ids))
            time.sleep(drawn.random() * 0.004)

    if role == "web":
        threads = [threading.Thread(target=put, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert backends.move is not None
    while role == "worker" and time.monotonic() < until:
        backends.move(1_000, 0.02)
        for tidy in backends.tidy:
            tidy()
        time.sleep(0.01)
    backends.close()


def record(folder: Path, *, unsynced: bool) -> None:
    """Have processes work on a new file beneath strace."""
    (folder / "data").mkdir()
    upgrade = f"LOGINGESTOR_DATA_DIR={folder / 'data'} {sys.executable} -m app.cli db upgrade >/dev/null"
    lines = ["set -e", upgrade]
    for phase in range(PHASES):
        for number, role in enumerate(("web", "web", "worker")):
            more = " --unsynced" if unsynced else ""
            lines.append(f"{sys.executable} -m bench.cuts --work {folder / 'data'} {role} {phase}{number}{more} &")
        lines.append("wait")
    watched = "pwrite64,write,ftruncate,fsync,fdatasync,openat,unlink,unlinkat"
    strace = ["strace", "-f", "-y", "-ttt", "-xx", "-s", "70000", "-e", f"trace={watched}", "-e", "signal=none"]
    subprocess.run([*strace, "-o", folder / "trace", "bash", "-c", "\n".join(lines)], cwd=ROOT, check=True)


def fault(disk: Disk, cut: int, mode: str, drawn: random.Random) -> str:
    """Return what is wrong with what the disk holds after a cut; empty where nothing is."""
    wanted = disk.noted(cut)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        folder.mkdir()
        for path, body in disk.after(cut, mode, drawn).items():
            (folder / path.name).write_bytes(body)
        backends = connect(settings(folder))
        try:
            reader = file.SqliteDatabase(folder / "logingestor.db").reader()
            whole = reader.execute("PRAGMA integrity_check").fetchall()
            assert backends.move is not None
            while backends.move(5_000, 0):
                pass
            kept = [one for some in backends.record.store.ids_between(bytes(16), b"\xff" * 16) for one in some]
        finally:
            backends.close()
    missing, twice = set(wanted) - set(kept), len(kept) - len(set(kept))
    if whole != [("ok",)]:
        return f"the file is not whole: {whole[0][0]}"
    return f"{len(missing)} of {len(wanted)} missing, {twice} twice" if missing or twice else ""


def main() -> None:
    """Record, cut, and say what was found; end with 1 where a log is missing or there twice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cuts", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--unsynced", action="store_true", help="make our own sync do nothing")
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        if given.unsynced:
            synced._synced = lambda _: None
        work(Path(given.work[0]), given.work[1], int(given.work[2]))
        return
    drawn, faults = random.Random(given.seed), Counter[str]()
    with tempfile.TemporaryDirectory() as name:
        record(Path(name), unsynced=given.unsynced)
        disk = recorded(Path(name))
        print(f"{disk.logs:,} logs were put; {disk.writes:,} writes, {disk.syncs:,} syncs")
        for _ in range(given.cuts):
            cut, mode = disk.moment(drawn), drawn.choice(MODES)
            said = fault(disk, cut, mode, drawn)
            faults[mode if said else "none"] += 1
            if said:
                print(f"cut at line {cut}, of what was not synced {mode}: {said}")
    print(f"{given.cuts:,} cuts: {faults['none']:,} without a fault")
    sys.exit(faults["none"] < given.cuts)


if __name__ == "__main__":
    main()
