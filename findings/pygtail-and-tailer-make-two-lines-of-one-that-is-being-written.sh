#!/usr/bin/env bash
# A library that follows a log gives lines, so one would guess that it waits for the end of the last one. Programs write
# a line in several parts whenever it is longer than their buffer, or the disk is full for a moment. Two of Python's give
# the half that is there as a line, and what comes later as the next one:
#   pygtail 0.14.0, one run of a timer   {"level":"error","mess        the next run   age":"order failed"}
#   tailer 0.4.1, follow()               the same
# Neither half can be parsed, and nothing says that they belong together. pygtail keeps its offset behind the half, so
# that reading again brings nothing back.
# Give pygtail full_lines=True, which is not its default; tailer has no such choice. LogIngestor leaves the last line of a
# file that grows until it is ended, or a whole object.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install -q --no-cache-dir --disable-pip-version-check --no-compile --target "$work/lib" pygtail==0.14.0 tailer==0.4.1
cd "$work"
PYTHONPATH="$work/lib" python3 - <<'PY'
import itertools

import pygtail
import tailer

parts = ['{"level":"error","mess', 'age":"order failed"}\n']
whole = "".join(parts)


def written(name):
    """Write the parts, and yield after each."""
    with open(name, "w") as file:
        for part in parts:
            file.write(part)
            file.flush()
            yield


runs = [list(pygtail.Pygtail("a.log")) for _ in written("a.log")]
full = [list(pygtail.Pygtail("b.log", full_lines=True)) for _ in written("b.log")]
writer = written("c.log")
next(writer)
followed = []
with open("c.log") as file:
    for line in itertools.islice(tailer.Tailer(file).follow(delay=0.01), 2):
        followed.append(line)
        next(writer, None)
print("pygtail:", runs)
print("pygtail, full_lines:", full)
print("tailer:", followed)
assert runs == [[parts[0]], [parts[1]]]
assert full == [[], [whole]]
assert followed == [parts[0], parts[1].rstrip("\n")]
PY
echo "as described: two halves, each a line"
