"""Rust."""

from __future__ import annotations

from app.log.dialects.dialect import Dialect

ROWS: tuple[Dialect, ...] = (
    Dialect(
        "tracing",
        "tracing-subscriber 0.3.23 json(), json-subscriber 0.3.1",
        (("fields:dict", "target:str", "level:str"), ("fields>message:str", "level:str", "timestamp:str")),
        message=("fields>message",),
        level=("level",),
        timestamp=("timestamp",),
        resource=("target",),
        trace=("fields>trace_id", "span>trace_id"),
        exception=("fields>error",),
        run="2026-11-29",
    ),
    Dialect(
        "log4rs",
        "log4rs 1.4.0 json",
        (("module_path", "mdc:dict", "message:str"), ("thread_id:int", "target:str", "message:str")),
        message=("message",),
        level=("level",),
        timestamp=("time",),
        resource=("target",),
        run="2026-11-29",
    ),
    Dialect(
        "cargo",
        "cargo 1.95 --message-format=json",
        (("reason:str", "package_id:str"), ("reason:str", "success")),
        message=("message>message", "reason"),
        level=("message>level",),
        resource=("target>name",),
        run="2026-11-29",
    ),
    Dialect(
        "flexi_logger",
        "flexi_logger 0.31.10 json",
        (("module_path:str", "text:str", "level:str"),),
        message=("text",),
        level=("level",),
        timestamp=("timestamp",),
        resource=("module_path",),
        run="2026-11-29",
    ),
)
