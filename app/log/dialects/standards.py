"""Formats that many programs share: ECS, GELF, CLEF, OpenTelemetry, the Logstash layouts."""

from __future__ import annotations

from app.log.dialects.dialect import Dialect

ROWS: tuple[Dialect, ...] = (
    Dialect(
        "gelf",
        "graypy 2.1.0, Log4j 2.26.1, Spring Boot 3.4.13 to 4.1.2: GELF 1.0 and 1.1",
        (("short_message:str",),),
        message=("short_message",),
        level=("level", "_level_name"),
        timestamp=("timestamp",),
        scale="syslog",
        unit="s",
        run="2026-11-29",
    ),
)
