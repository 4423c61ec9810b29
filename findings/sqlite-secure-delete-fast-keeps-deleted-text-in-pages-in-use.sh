#!/usr/bin/env bash
# SQLite's `PRAGMA secure_delete=FAST` overwrites deleted text "only if doing so does not increase the amount of I/O",
# and its documentation says where traces stay: in pages that are free. One would guess that none are left once the
# free pages have gone (`incremental_vacuum`, `auto_vacuum`). SQLite 3.53.4 (pysqlite3 0.6.1) leaves them in pages in use:
# a page of a large value that is used again for another one, in the same transaction, keeps behind the end of that what
# it held before, plain text of a row that was deleted. With `ON` nothing stays.
# Whoever has to delete (personal data) needs ON, or VACUUM.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check pysqlite3==0.6.1
"$work/v/bin/python" - "$work" <<'PY'
import random
import sys
from pathlib import Path

import pysqlite3

SECRET = b"4929123412341234 "
left = {}
for mode in ("OFF", "FAST", "ON"):
    path, chance = Path(sys.argv[1], mode), random.Random(1)
    connection = pysqlite3.connect(str(path), isolation_level=None)
    for text in ("auto_vacuum=INCREMENTAL", "journal_mode=WAL", f"secure_delete={mode}"):
        connection.execute(f"PRAGMA {text}").fetchall()
    connection.execute("CREATE TABLE value (number INTEGER PRIMARY KEY, data BLOB)")
    for number in range(100):
        connection.execute("INSERT INTO value VALUES (?, ?)", (number, SECRET * 2_000))
        connection.execute("BEGIN")
        connection.execute("DELETE FROM value WHERE number = ?", (number,))
        connection.execute("INSERT INTO value VALUES (?, ?)", (number, chance.randbytes(chance.randrange(5_000, 15_000))))
        connection.execute("COMMIT")
    connection.execute("PRAGMA incremental_vacuum").fetchall()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    free = connection.execute("PRAGMA freelist_count").fetchone()[0]
    connection.close()
    left[mode] = path.read_bytes().count(SECRET.strip())
    print(f"{mode:4} free pages: {free}, deleted texts still in the file: {left[mode]}")
    assert free == 0
assert left["ON"] == 0 < left["FAST"], left
print(pysqlite3.sqlite_version)
PY
echo "as described: FAST leaves deleted text in pages in use, ON does not"
