#!/usr/bin/env bash
# logfmter 0.0.12, a formatter of logfmt for Python's logging, makes underscores of blanks in a field's name and escapes quotes in values, but
# writes an = within a name as it is, so that a reader finds another name and another value; and a field named as a key of its own stands there twice:
#   log.info("m", extra={"k=v": 2})              at=INFO msg=m k=v=2          k is "v=2"
#   log.error("full", extra={"at": "disk 3"})    at=ERROR msg=full at="disk 3"
# LogIngestor reads k as "v=2"; the first `at` is the level, the second stays a field.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv v
v/bin/pip install -q --no-cache-dir --disable-pip-version-check logfmter==0.0.12
cat > lines.py <<'PY'
import io
import logging

from logfmter import Logfmter


def line(formatter, level, message, **fields):
    """Return the line of a log."""
    kept = io.StringIO()
    handler = logging.StreamHandler(kept)
    handler.setFormatter(formatter)
    log = logging.Logger("shop")
    log.addHandler(handler)
    log.log(level, message, extra=fields)
    print(kept.getvalue(), end="")
    return kept.getvalue().rstrip("\n")


assert line(Logfmter(), logging.INFO, "m", **{"k=v": 2, "a b": 1, "said": 'a "word"'}) == (
    'at=INFO msg=m k=v=2 a_b=1 said="a \\"word\\""'
)
assert line(Logfmter(), logging.ERROR, "full", at="disk 3") == 'at=ERROR msg=full at="disk 3"'
print("as described: another name, and a key twice")
PY
v/bin/python lines.py
