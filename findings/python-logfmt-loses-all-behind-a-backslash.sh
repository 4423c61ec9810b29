#!/usr/bin/env bash
# logfmt's writers (Go's slog and logrus, Python's logfmter) put a line break as \n and a backslash as \\ into
# a quoted value. The package called logfmt on PyPI, 0.4, knows \" alone: at any other backslash the value
# becomes True and the rest of the line is gone, without a word:
#   err="first\nsecond" user=jane   ->  {'err': True}
#   path="C:\\temp" user=jane       ->  {'path': True}
#   url=/x?a=1 user=jane            ->  {'url': '/x?a', '1': True, 'user': 'jane'}
# What is lost is the errors above all, since it is they that have line breaks.
# LogIngestor's reader keeps all three lines whole; who reads logfmt with this package should change it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check logfmt==0.4
"$work/v/bin/python" - <<'PY'
import logfmt

expected = {
    r'msg="say \"hi\"" user=jane': {"msg": 'say "hi"', "user": "jane"},
    r'err="first\nsecond" user=jane': {"err": True},
    r'path="C:\\temp" user=jane': {"path": True},
    "url=/x?a=1 user=jane": {"url": "/x?a", "1": True, "user": "jane"},
}
for line, read in expected.items():
    print(f"{line:34} {dict(logfmt.parse_line(line))}")
    assert dict(logfmt.parse_line(line)) == read
PY
echo "as described: behind a backslash nothing is left"
