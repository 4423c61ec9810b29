#!/usr/bin/env bash
# Twisted's jsonFileLogObserver writes each event so that it can be read back, and the flattened values of its fields with it. In 26.10.0 the
# exception of a failure is none of them: its class, its parents and frames are there, its text is not:
#   log.failure("saving order {order}", order=7)   with ValueError("disk full")
#   "log_failure": {"type": {"__name__": "ValueError", ...}, "value": {"unpersistable": true}, ...}
# "disk full" is nowhere in the file, nor in what eventsFromJSONLogFile reads back; the text log of the same event has it. An exception
# given as a field is {"unpersistable": true} as well, unless its name stands in the format.
# Put the text into a field (error=str(exception)). LogIngestor keeps class and frames, as they were sent.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check twisted==26.10.0
"$work/v/bin/python" - <<'PY'
import io
import json

from twisted.logger import Logger, eventAsText, eventsFromJSONLogFile, formatEvent, jsonFileLogObserver, textFileLogObserver


def write(observer, out):
    log = Logger("shop", observer=observer(out))
    try:
        raise ValueError("disk full")
    except ValueError as error:
        log.failure("saving order {order}", order=7)
        log.warn("again", error=error)
    return out.getvalue()


text = write(textFileLogObserver, io.StringIO())
lines = write(jsonFileLogObserver, io.StringIO())
failed, again = (json.loads(line.strip("\x1e")) for line in lines.rstrip("\n").split("\n"))
print(failed["log_failure"]["type"], failed["log_failure"]["value"], again["error"])
assert "disk full" in text and "disk full" not in lines
assert failed["log_failure"]["type"]["__name__"] == "ValueError" and failed["log_flattened"]["order!:"] == 7
assert failed["log_failure"]["value"] == again["error"] == {"unpersistable": True}
read = list(eventsFromJSONLogFile(io.StringIO(lines)))
assert formatEvent(read[0]) == "saving order 7" and "disk full" not in eventAsText(read[0])
PY
echo "as described: the text of the exception is not written"
