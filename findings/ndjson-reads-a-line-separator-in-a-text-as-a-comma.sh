#!/usr/bin/env bash
# Lines of NDJSON end at a line feed; other signs that break lines (U+2028, U+2029, U+0085) may stand in a JSON text as they are,
# and json.dumps(..., ensure_ascii=False), orjson and JSON.stringify write them so. PyPI's ndjson 0.3.1 splits by
# str.splitlines(), which breaks at these too, and joins what it has by commas into one array. Within a text that is a valid array again:
#   {"message":"first<U+2028>second"}  ->  {'message': 'first,second'}
# loads() and load() give another text than was written, without an error, even of what the package's own dumps wrote;
# its reader(), which takes a file line by line, gives the right one. A separator between two values raises instead.
# Read with json.loads for each line of text.split("\n"). LogIngestor breaks NDJSON at line feeds alone.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check ndjson==0.3.1
"$work/v/bin/python" - <<'PY'
import io

import ndjson

for sign in "\u2028\u2029\u0085":
    logs = [{"message": f"first{sign}second"}, {"message": "third"}]
    text = ndjson.dumps(logs, ensure_ascii=False)
    assert text.count("\n") == 1
    read = ndjson.loads(text)
    print(f"U+{ord(sign):04X}", read)
    assert read == ndjson.load(io.StringIO(text)) == [{"message": "first,second"}, {"message": "third"}]
    assert list(ndjson.reader(io.StringIO(text))) == logs
PY
echo "as described: a separator became a comma"
