"""LogIngestor: accept a log, queue it durably, drain it into the record and the index, find it.

The flow, and the room each step lives in::

    HTTP -> app.web.api.ingest -> app.log -> app.accept -> LogQueue -> app.drain -> LogStore + SearchIndex
    page, API, command line -> app.query -> app.find -> SearchIndex -> Page -> template, JSON or terminal

A room imports only rooms on floors below its own (docs/design.md has the floors, tests/test_imports.py keeps them).
This module imports nothing of ours, so that a worker never loads Flask.
"""

import os

# Else numpy's OpenBLAS begins a thread for each core when it is loaded, which costs as much as the rest of numpy's
# loading (50 ms of 100): nothing here multiplies matrices.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
