#!/usr/bin/env bash
# Epoch seconds are UTC by definition, so one would guess that a field for them gives an aware datetime, as msgspec
# 0.23.0 does. DateTime(format="timestamp") and "timestamp_ms" of marshmallow 4.4.0 give a naive one with UTC's hours,
# and Python takes naive times for local:
#   1795958409 -> datetime(2026, 11, 29, 13, 20, 9), and in Berlin .timestamp() of it is 1795954809, an hour less
# marshmallow's own dump takes it for UTC again, so a round trip in tests is right; whatever else touches the time
# (a database driver, isoformat, a comparison) is off, only on machines whose zone isn't UTC. AwareDateTime with
# default_timezone=UTC is right.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check marshmallow==4.4.0 msgspec==0.23.0
TZ=Europe/Berlin "$work/v/bin/python" - <<'PY'
import datetime

import msgspec
from marshmallow import Schema, fields

sent = 1795958409
schema = Schema.from_dict({"at": fields.DateTime(format="timestamp")})()
naive = schema.load({"at": sent})["at"]
aware = fields.AwareDateTime(format="timestamp", default_timezone=datetime.UTC).deserialize(sent)
other = msgspec.convert(sent, datetime.datetime, strict=False)
print("DateTime:     ", repr(naive), "off by", int(naive.timestamp()) - sent, "s, dumped again", schema.dump({"at": naive})["at"])
print("AwareDateTime:", repr(aware), "off by", int(aware.timestamp()) - sent, "s")
print("msgspec:      ", repr(other), "off by", int(other.timestamp()) - sent, "s")
assert naive.tzinfo is None and int(naive.timestamp()) - sent == -3600
assert schema.dump({"at": naive})["at"] == sent
assert aware.timestamp() == other.timestamp() == sent
PY
echo "as described: the zone is lost, and an hour with it"
