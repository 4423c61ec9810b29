"""The admin's password: from the settings, or made once, when only its hash is kept in the data folder."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import unicodedata

from werkzeug.security import check_password_hash, generate_password_hash

from app import secret
from app.errors import Unavailable
from app.secret import keep_once
from app.settings.settings import PREFIX, Settings

#: The only user there is.
USER = "admin"
#: Name of the file in the data folder.
FILE = "admin.hash"
#: Random bytes of a password that is made: beyond any guessing.
MADE_BYTES = 18
#: scrypt takes 32 MiB and about a tenth of a second; one at a time, and nobody waits longer than these seconds.
HASH_SECONDS = 2.0


def make(settings: Settings) -> str | None:
    """Return a new password whose hash is now kept; None when there is a password already. Raises Unavailable."""
    path = settings.data_dir / FILE
    if settings.admin_password or path.exists():
        return None
    made = secrets.token_urlsafe(MADE_BYTES)
    try:
        return made if keep_once(path, generate_password_hash(made).encode()) else None
    except OSError as error:
        raise Unavailable(f"the password's hash can't be kept in {path}: {error}") from error


class Password:
    """Compares what clients send with the admin's password, in a time that does not depend on it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._path = settings.data_dir / FILE
        self._key = secrets.token_bytes(32)
        self._guard = threading.Lock()
        #: Digest of the right password once it is known: from then on no try costs a hash.
        self._right = self.digest(settings.admin_password) if settings.admin_password else None

    def digest(self, given: str) -> bytes:
        """Return what stands for a password inside this process; of the same length for all, and of no use elsewhere."""
        plain = unicodedata.normalize("NFC", given).encode(errors="surrogatepass")
        return hashlib.blake2b(plain, key=self._key, digest_size=32).digest()

    def stamp(self) -> str:
        """Return what stands for the password in sessions: another one, and they end. Raises Unavailable where there is none."""
        kept = unicodedata.normalize("NFC", self._settings.admin_password) or self._hash()
        return hmac.digest(secret.load(self._settings), kept.encode(), "sha256").hex()

    def matches(self, given: str) -> bool:
        """Return whether *given* is the password; raises Unavailable when there is none, or too many are tried at once."""
        digest = self.digest(given)
        if self._right is None and not self._learn(given, digest):
            return False
        return self._right is not None and hmac.compare_digest(digest, self._right)

    def _learn(self, given: str, digest: bytes) -> bool:
        """Check against the hash; return False for a wrong password."""
        if not self._guard.acquire(timeout=HASH_SECONDS):
            raise Unavailable("too many passwords are tried at once", retry_after=1)
        try:
            if self._right is None:
                if not check_password_hash(self._hash(), unicodedata.normalize("NFC", given)):
                    return False
                self._right = digest
            return True
        finally:
            self._guard.release()

    def _hash(self) -> str:
        try:
            return self._path.read_text().strip()
        except OSError:
            raise Unavailable(
                f"no password is set: set {PREFIX}ADMIN_PASSWORD_FILE, or let `logingestor serve` make one"
            ) from None
