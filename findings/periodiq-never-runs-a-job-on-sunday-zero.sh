#!/usr/bin/env bash
# In cron Sunday is 0 (and 7 as well), and @weekly stands for 0 0 * * 0. periodiq 0.14.0 accepts all of these and
# computes the right next date from them. At that date it checks the date once more against the numbers 1 to 7
# of isoweekday(), in which Sunday is 7 alone, and does not send:
#   0 0 * * 0, 0 0 * * sun, @weekly     next run Sunday 00:00, runs in 40 days: 0
#   0 0 * * 7                           the same next run, runs in 40 days: 6
#   0 0 * * 0-6                         34 days of 40
# A weekly clean-up or report is never run and never reported as missed. LogIngestor's schedules use no day of the
# week; write 7 for Sunday.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check periodiq==0.14.0 pendulum==3.3.0
"$work/v/bin/python" - <<'PY'
import pendulum
from periodiq import CronSpec

start = pendulum.datetime(2026, 11, 1)
runs = {}
for text in ("0 0 * * 0", "0 0 * * sun", "@weekly", "0 0 * * 7", "0 0 * * 0-6"):
    spec = CronSpec.parse(text)
    runs[text] = sum(spec.validate(start.add(days=day)) for day in range(40))
    print(f"{text:12} next {spec.next_valid_date(start):%a %d %H:%M}, runs in 40 days: {runs[text]}")
assert list(runs.values()) == [0, 0, 0, 6, 34], runs
PY
echo "as described: Sunday is 7 or never"
