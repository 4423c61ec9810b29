"""Wrappers: what containers, shippers and clouds put around a log, and what they write themselves."""

from __future__ import annotations

from app.log.dialects.dialect import Dialect

ROWS: tuple[Dialect, ...] = (
    Dialect(
        "docker",
        "Docker's json-file driver",
        (("log:str", "stream:str", "time:str"),),
        timestamp=("time",),
        inner="log",
    ),
    Dialect(
        "pm2",
        "pm2 7.0.4",
        (("app_name:str", "process_id:int", "type:str", "message:str"),),
        timestamp=("timestamp",),
        resource=("app_name",),
        inner="message",
        run="2026-11-29",
    ),
)
