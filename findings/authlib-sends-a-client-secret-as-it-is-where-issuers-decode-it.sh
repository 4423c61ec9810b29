#!/usr/bin/env bash
# A client shows an OpenID Connect issuer its id and secret by HTTP Basic, each written as in a form first (RFC 6749,
# section 2.3.1), and issuers decode them so: Keycloak, Dex and others. Authlib 1.9.10 leaves the writing out:
#   secret "a+b%41"   ->   sent as "a+b%41", read by the issuer as "a bA"
# So a login fails with invalid_client for some made secrets and works for others, and one with a character beyond Latin-1
# is a UnicodeEncodeError. auth=(quote_plus(id), quote_plus(secret)) in fetch_token sends what the issuer expects.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check authlib==1.9.10 requests==2.34.2
"$work/venv/bin/python" - <<'PY'
import base64
from urllib.parse import quote_plus, unquote_plus

from authlib.integrations.requests_client import OAuth2Session


def read_by_issuer(secret, **more):
    """Return the secret as an issuer reads it from the request for a token."""
    session, seen = OAuth2Session("logs", secret), []
    def send(prepared, **_):
        seen.append(prepared.headers["Authorization"])
        raise SystemError
    session.send = send
    try:
        session.fetch_token("https://issuer.example/token", code="x", grant_type="authorization_code", **more)
    except SystemError:
        pass
    return unquote_plus(base64.b64decode(seen[0].split()[1]).decode().partition(":")[2])


secret = "a+b%41"
found, mended = read_by_issuer(secret), read_by_issuer(secret, auth=("logs", quote_plus(secret)))
print(f"{secret!r} is read as {found!r}, and with quote_plus as {mended!r}")
assert (found, mended) == ("a bA", secret)
try:
    read_by_issuer("пароль")
except UnicodeEncodeError as error:
    print("beyond Latin-1:", error.reason)
else:
    raise AssertionError
PY
echo "as described: the secret that the issuer reads is another one"
