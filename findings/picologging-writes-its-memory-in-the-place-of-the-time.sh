#!/usr/bin/env bash
# picologging is Microsoft's replacement of Python's logging. In 0.9.3 a Formatter with %(asctime)s and no datefmt,
# which is the usual one, writes no time: what stands there are some bytes of the process's own memory, other ones at
# each run and now and then with a line feed among them, then a comma and nine digits in the place of milliseconds:
#   ,710580195|x
#   \x10\x17$~\x7f,710580195|x
# With a datefmt the time is right, and so is %(created)f. So a log keeps no time, may be cut in two lines, and may
# show what the memory held.
# LogIngestor takes such lines as they are, with the time of their arrival; who logs so should give a datefmt.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check picologging==0.9.3
"$work/v/bin/python" - <<'PY'
import io
import re
import time

import picologging as logging


def written(datefmt):
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.Formatter("%(asctime)s|%(message)s", datefmt))
    logger = logging.getLogger(str(datefmt))
    logger.setLevel(logging.DEBUG)
    logger.handlers = [handler]
    for _ in range(3):
        logger.info("x")
    return out.getvalue()


bare, dated = written(None), written("%Y-%m-%d %H:%M:%S")
print(ascii(bare))
print(ascii(dated))
assert bare.count("|x") == 3
assert re.search(r"\d{4}-\d\d-\d\d", bare) is None
assert len(re.findall(r",\d{9}\|x", bare)) == 3
assert dated.count(time.strftime("%Y-%m-%d")) == 3
PY
echo "as described: no time, but bytes of the memory"
