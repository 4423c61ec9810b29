"""The index in a SQLite file."""

import os

# Else numpy's OpenBLAS begins a thread for each core when it is loaded, which costs as much as the rest of numpy's
# loading (50 ms of 100): nothing here multiplies matrices.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
