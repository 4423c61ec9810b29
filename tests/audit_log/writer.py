"""A process that writes into the audit log without end, in both ways; it prints each id when it is written."""

from __future__ import annotations

import os
import sys

from app.audit_log.recorder import Recorder
from app.backends import connect_record
from app.ports.audit_log.entry import entry
from app.settings.settings import Settings


def main(name: str) -> None:
    """Write until killed."""
    settings = Settings.from_env(os.environ)
    audit_log = connect_record(settings, settings.store_url, None).record.audit_log
    recorder = Recorder(settings.data_dir, audit_log)
    number = 0
    while True:
        made = entry("test", actor=name, details={"number": number})
        (recorder.append if number % 10 == 0 else recorder.write)(made)
        sys.stdout.write(f"{made.id.hex()}\n")
        sys.stdout.flush()
        number += 1


if __name__ == "__main__":
    main(sys.argv[1])
