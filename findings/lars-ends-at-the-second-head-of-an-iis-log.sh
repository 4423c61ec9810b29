#!/usr/bin/env bash
# A log in W3C's extended format begins with lines of #, and IIS writes them again into the day's file whenever it is started or
# set to log other columns: the format has them for the entries that follow. lars 1.0, made to read logs of IIS, is expected to
# go on with the columns named last. It raises where it meets them again, in the middle of the file:
#   IISVersionError: Found a second #Version directive
# What stands behind, all of the day after a restart, is not read. A line that it can't read is only a warning to it.
# Split such files at "#Software" and read each part by an IISSource of its own. LogIngestor takes the columns named last.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check lars==1.0 setuptools==80.9.0
"$work/v/bin/python" -W ignore - <<'PY'
import io

from lars.iis import IISError, IISSource


def part(hour):
    """Return what IIS writes when it is started, and a request."""
    return (
        f"#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Date: 2026-11-29 {hour}:00:00\n"
        f"#Fields: date time c-ip cs-method cs-uri-stem sc-status\n2026-11-29 {hour}:00:01 192.0.2.7 GET /{hour} 200\n"
    )


def read(text):
    """Return the paths that are read, and the error that ended it."""
    paths = []
    try:
        with IISSource(io.StringIO(text)) as source:
            paths += (str(row.cs_uri_stem) for row in source)
    except IISError as error:
        return paths, f"{type(error).__name__}: {error}"
    return paths, None


once, again = read(part(10)), read(part(10) + part(11))
print("started once:", once)
print("started again:", again)
assert once == (["/10"], None)
assert again[1] is not None and "second #Version directive" in again[1] and "/11" not in again[0]
PY
echo "as described: the rest of the day is not read"
