#!/usr/bin/env bash
# Writes docker/requirements.lock and docker/requirements-sqs.lock anew: each package that the image installs, its release and the
# hashes of its files, as setup.cfg asks for them today, with what login by OpenID Connect and passkeys need. Run it after a change of the requirements in setup.cfg, or for newer releases.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
"${PYTHON:-python3}" -m venv "$tools"
"$tools/bin/pip" install --quiet --disable-pip-version-check 'uv==0.13.9'
lock() { "$tools/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra oidc --extra passkeys "$@" setup.cfg; }

lock --output-file docker/requirements-sqs.lock --extra sqs
# Of what both hold, the same releases: SQS is the one that asks for older ones.
lock --output-file docker/requirements.lock --constraint docker/requirements-sqs.lock
