"""The tables that hold logs, and what is searched in them; the rest is in app/systems/sqlite/tables.py.

Record and index each use their own tables, so that either may lie in a file of its own.
The index's full-text table `terms` is a virtual table and stands in the migration only.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, Table, Text

from app.systems.sqlite.segments.places import CHUNKS

metadata = MetaData()

#: The newest of the record. `place` is the order of storing and is never used twice; `doc` holds the other fields.
logs = Table(
    "logs",
    metadata,
    Column("place", Integer, primary_key=True),
    Column("id", LargeBinary(16), nullable=False, unique=True),
    Column("t", BigInteger, nullable=False),
    Column("ns", Integer, nullable=False),
    Column("level", Text, nullable=False),
    Column("doc", LargeBinary, nullable=False),
)

#: Segments: compressed logs (app/systems/sqlite/segments), numbered as they were made. `first` and `last` are places between
#: which some may be empty, `stamp` is never given twice; then come the lowest and the highest id. `checksum` is of the row without
#: its number; what an earlier release wrote has none.
segments = Table(
    "segments",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("first", Integer, nullable=False, unique=True),
    Column("last", Integer, nullable=False),
    Column("logs", Integer, nullable=False),
    Column("stamp", BigInteger, nullable=False),
    Column("first_id", LargeBinary(16), nullable=False),
    Column("last_id", LargeBinary(16), nullable=False),
    Column("checksum", BigInteger),
)
segment_columns = Table(
    "segment_columns",
    metadata,
    Column("first", Integer, primary_key=True),
    Column("keys", LargeBinary, nullable=False),
    Column("fields", LargeBinary, nullable=False),
    Column("skeletons", LargeBinary, nullable=False),
    Column("variables", LargeBinary, nullable=False),
    *(Column(f"docs{number}", LargeBinary) for number in range(CHUNKS)),
    Column("digits", LargeBinary, nullable=False),
)

#: Segments of revision 0020, which become `segment_columns` (segments/former.py).
segment_parts = Table(
    "segment_parts",
    metadata,
    Column("first", Integer, primary_key=True),
    Column("keys", LargeBinary, nullable=False),
    *(Column(f"docs{number}", LargeBinary) for number in range(CHUNKS)),
)

#: For each 1,024 places the lowest and highest key, so that a query skips blocks it can't need.
blocks = Table(
    "blocks",
    metadata,
    Column("block", Integer, primary_key=True),
    Column("low_t", BigInteger, nullable=False),
    Column("low_ns", Integer, nullable=False),
    Column("low_id", LargeBinary(16), nullable=False),
    Column("high_t", BigInteger, nullable=False),
    Column("high_ns", Integer, nullable=False),
    Column("high_id", LargeBinary(16), nullable=False),
    Column("first_id", LargeBinary(16), nullable=False),
    Column("last_id", LargeBinary(16), nullable=False),
)

#: For full blocks which runs of bytes and which values they have (app/systems/sqlite/index/scan/marks.py); then the same of groups of
#: blocks, by place.
marks = Table(
    "marks",
    metadata,
    Column("block", Integer, primary_key=True),
    Column("bits", LargeBinary, nullable=False),
)
mark_groups = Table(
    "mark_groups",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("bits", LargeBinary, nullable=False),
)

#: For groups of blocks how many logs have which skeleton (app/systems/sqlite/index/scan/sentences.py).
sentence_groups = Table(
    "sentence_groups",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("counts", LargeBinary, nullable=False),
)

#: Logs by minute and level.
minutes = Table(
    "minutes",
    metadata,
    Column("minute", BigInteger, primary_key=True),
    Column("level", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    sqlite_with_rowid=False,
)

#: Logs by value of level, resourceId and commit; and under the field '' by path and type.
counts = Table(
    "counts",
    metadata,
    Column("field", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    sqlite_with_rowid=False,
)
