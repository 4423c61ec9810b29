#!/usr/bin/env bash
# RFC 7464 puts a record separator (U+001E) before each JSON text so that a log can be read on behind a text that a crash cut: such a
# text is left out or reported, and parsing must not fail for it. Twisted and GeoJSON's tools write the form.
#   RS {"a":1} LF  RS {"b":   RS {"c":3} LF         PyPI jsonseq 1.0.0 raises at the cut text, and gives nothing behind it
#   RS {"a":1} LF  RS null LF RS {"c":3} LF         npm json-text-sequence 4.0.3 ends the stream at null, with an error about EOF
# One cut line costs the rest of the file; a generator that raised is over, so it can't be gone on with either. null is a JSON text as any.
# Split at U+001E and parse each part by itself. `logingestor ingest` reads the form; what was cut is a dead letter by itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv v
v/bin/pip install -q --no-cache-dir --disable-pip-version-check jsonseq==1.0.0
v/bin/python - <<'PY'
import io

from jsonseq.decode import JSONSeqDecoder

whole = '\x1e{"a":1}\n\x1e{"b":2}\n\x1e{"c":3}\n'
cut = '\x1e{"a":1}\n\x1e{"b":\x1e{"c":3}\n'
assert len(list(JSONSeqDecoder().decode(io.StringIO(whole)))) == 3
read, texts = [], JSONSeqDecoder().decode(io.StringIO(cut))
try:
    for text in texts:
        read.append(text)
except ValueError as error:
    print("jsonseq:", read, error)
else:
    raise SystemExit("no error")
assert read == [{"a": 1}] and list(texts) == []
PY
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" json-text-sequence@4.0.3 >/dev/null
cat > run.mjs <<'JS'
import assert from 'node:assert';
import { JSONSequenceParser } from 'json-text-sequence';
function read(text) {
  return new Promise((done) => {
    const seen = [];
    const parser = new JSONSequenceParser();
    parser.on('data', (value) => seen.push(value));
    parser.on('truncated', (part) => seen.push(`cut: ${part}`));
    parser.on('error', (error) => seen.push(error.message));
    parser.on('close', () => done(seen));
    parser.end(text);
  });
}
const cut = await read('\x1e{"a":1}\n\x1e{"b":\x1e{"c":3}\n');
const empty = await read('\x1e{"a":1}\n\x1enull\n\x1e{"c":3}\n');
console.log('json-text-sequence:', cut, empty);
assert.deepEqual(cut, [{ a: 1 }, 'cut: {"b":', { c: 3 }]);
assert.deepEqual(empty, [{ a: 1 }, 'stream.push() after EOF']);
JS
node run.mjs
echo "as described: what stands behind is not read"
