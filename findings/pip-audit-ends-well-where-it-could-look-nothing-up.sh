#!/usr/bin/env bash
# An audit that could not look a package up has found nothing out, so one would guess that it fails. pip-audit 2.10.1
# asks PyPI's JSON, takes a 404 for a package that is not PyPI's, prints "No known vulnerabilities found" and ends with 0;
# that nothing was looked up stands in a table below. So it is with private packages, and with every package behind a
# mirror that has files and no JSON: there an audit of anything is green. With --strict it ends with 1.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check pip-audit==2.10.1
printf 'nobody-has-such-a-package==1.0 --hash=sha256:%064d\n' 0 >"$work/lock.txt"
audit=("$work/v/bin/pip-audit" --progress-spinner off --disable-pip --require-hashes -r "$work/lock.txt")
said=$("${audit[@]}" 2>&1) && status=0 || status=$?
printf 'without --strict, status %d:\n%s\n' "$status" "$said"
[[ $status -eq 0 && $said == *"No known vulnerabilities found"* && $said == *"could not be audited"* ]]
said=$("${audit[@]}" --strict 2>&1) && status=0 || status=$?
printf 'with --strict, status %d:\n%s\n' "$status" "$said"
[[ $status -eq 1 ]]
echo "as described: nothing was looked up, and the audit ended well"
