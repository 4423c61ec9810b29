"""LogIngestor: accept a log, queue it durably, drain it into the record and the index, find it.

The flow, and the room each step lives in::

    HTTP -> app.web.ingest -> LogRecord -> LogQueue -> workers.drain -> LogStore + SearchIndex
    page, API, command line -> Query(Filter) -> SearchIndex -> Page -> template, JSON or terminal

Import direction: core <- queues, stores, search <- backends, pipeline <- web, cli and workers.
This module imports nothing, so that a worker which needs `app.core` never loads Flask.
"""
