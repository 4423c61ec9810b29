#!/usr/bin/env bash
# JSON has no limit for integers, and Python has none either; one would guess that a JSON reader for Python
# keeps them or refuses them. orjson 3.13.0 reads an integer that needs more than 64 bits as a float, without
# a word, while json, msgspec 0.23.0, ujson 6.1.0 and python-rapidjson 1.25 keep it:
#   {"trace": 140517439586431929046871837485838921438}  ->  1.4051743958643192e+38
# Trace ids in decimal (128 bits), unsigned hashes and ids of snowflake kind with a shard in front are such
# numbers: two traces become one, and nothing can be found by the id that the sender wrote.
# Ship such ids as text. LogIngestor decodes with msgspec and keeps the digits.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check \
  orjson==3.13.0 msgspec==0.23.0 ujson==6.1.0 python-rapidjson==1.25
"$work/v/bin/python" - <<'PY'
import json

import msgspec
import orjson
import rapidjson
import ujson

first, second = 140517439586431929046871837485838921438, 140517439586431929046871837485838921439
readers = {"json": json.loads, "msgspec": msgspec.json.decode, "ujson": ujson.loads, "rapidjson": rapidjson.loads,
           "orjson": orjson.loads}
same = {}
for name, read in readers.items():
    a, b = read(f'{{"trace":{first}}}')["trace"], read(f'{{"trace":{second}}}')["trace"]
    same[name] = a == b
    print(f"{name:10} {a!r}   the next id is {'the same' if a == b else 'another'}")
assert [name for name, equal in same.items() if equal] == ["orjson"], same
PY
echo "as described: only orjson makes one of two ids"
