#!/usr/bin/env bash
# Python's JSON formatters write a value that JSON has no form for as its text. JSON-log-formatter 1.2.1 does so only for
# what has no attributes of its own; of all else it writes the attributes. An exception in a field has none worth
# reading, so that its text is lost, and a member of an Enum brings along those of its class:
#   extra={"error": ValueError("card refused")}   ->   "error": {}
#   extra={"state": State.PAID}                   ->   "state": {"_value_": "paid", "_name_": "PAID", "__objclass__": "{'_generate_next_value_': <function ... at 0x7f...
# The first loses why an order failed; the second is more than 500 characters for a word, other ones at each start.
# Give str(error) and state.value; LogIngestor keeps the fields as they were sent.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install -q --no-cache-dir --disable-pip-version-check --no-compile --target "$work/lib" JSON-log-formatter==1.2.1
PYTHONPATH="$work/lib" python3 - <<'PY'
import decimal
import enum
import io
import json
import logging

import json_log_formatter


class State(enum.Enum):
    PAID = "paid"


out = io.StringIO()
handler = logging.StreamHandler(out)
handler.setFormatter(json_log_formatter.VerboseJSONFormatter())
logger = logging.getLogger("shop")
logger.propagate = False
logger.addHandler(handler)
logger.error("order failed", extra={"error": ValueError("card refused"), "state": State.PAID, "price": decimal.Decimal("1.50")})
print(out.getvalue())
log = json.loads(out.getvalue())
assert log["price"] == "1.50"
assert log["error"] == {}
assert "card refused" not in out.getvalue()
assert log["state"]["_value_"] == "paid"
assert len(json.dumps(log["state"])) > 500 and " at 0x" in log["state"]["__objclass__"]
PY
echo "as described: the error is an empty object, the state an inventory"
