"""The key that signs receipts: from the settings, or made once and kept in the data folder."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from app.errors import Unavailable
from app.settings.settings import Settings

#: Name of the file in the data folder.
FILE = "secret.key"


def load(settings: Settings) -> bytes:
    """Return the key; of several processes that make it at once, one wins. Raises Unavailable."""
    if settings.secret_key:
        return settings.secret_key.encode()
    path = settings.data_dir / FILE
    try:
        if not path.exists():
            keep_once(path, secrets.token_hex(32).encode())
        return path.read_bytes()
    except OSError as error:
        raise Unavailable(f"the key in {path} can't be read or made: {error}") from error


def keep_once(path: Path, content: bytes) -> bool:
    """Write a file that only this user can read, durably; False when there is one already, which stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link appears whole or not at all, and fails when another process was first.
        path.hardlink_to(fresh)
    except FileExistsError:
        return False
    finally:
        fresh.unlink()
    return True
