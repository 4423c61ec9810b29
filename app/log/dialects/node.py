"""Node.js."""

from __future__ import annotations

from app.log.dialects.dialect import Dialect

ROWS: tuple[Dialect, ...] = (
    Dialect(
        "log4js",
        "log4js 6.9.1 (JSON.stringify of its event), log4js-json-layout 2.2.3",
        (("categoryName:str", "startTime", "data"), ("startTime", "data:list", "level")),
        message=("data",),
        level=("level>levelStr", "level"),
        timestamp=("startTime",),
        resource=("categoryName",),
        scale="thousands",
        exception=("error", "data"),
        run="2026-11-29",
    ),
    Dialect(
        "pino",
        "pino 10.4.0, fastify 5.12.8, pino-http 11.0.0",
        (("pid:int", "level:int", "hostname:str", "!v", "!name"), ("level:int", "time:number", "msg:str", "!v")),
        message=("msg",),
        level=("level",),
        timestamp=("time",),
        scale="tens",
        exception=("err",),
        run="2026-11-29",
    ),
)
