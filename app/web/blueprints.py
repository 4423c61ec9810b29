"""All blueprints, by name: a module that is missing here is a 404, one that can't be imported ends the start."""

from __future__ import annotations

from app.web.accounts import admin_page, own_page
from app.web.accounts.oidc import page as oidc_page
from app.web.accounts.passkeys import page as passkeys_page
from app.web.accounts.totp import page as totp_page
from app.web.alerts import api as alerts
from app.web.alerts import pages as alert_pages
from app.web.alerts import searches_api, searches_pages
from app.web.api import find, health, hints, ingest, metrics, preview, tail
from app.web.audit_log import page as audit_log
from app.web.doors import clef, datadog, gelf, hec, journal, loki, otlp
from app.web.doors.drains import cloudflare, firehose, heroku, vercel
from app.web.doors.elastic import routes as elastic
from app.web.logs import patterns, trace
from app.web.openapi import openapi
from app.web.operate import add, dead, notices_api, notices_page, overview, sources
from app.web.rules import api as rules
from app.web.rules import page as rules_page
from app.web.search import page

#: Blueprints that are always served.
ALWAYS = (
    ingest.bp,
    preview.bp,
    find.bp,
    hints.bp,
    page.bp,
    own_page.bp,
    admin_page.bp,
    oidc_page.bp,
    totp_page.bp,
    passkeys_page.bp,
    audit_log.bp,
    health.bp,
    openapi.bp,
    tail.bp,
    notices_api.bp,
    metrics.bp,
    dead.bp,
    overview.bp,
    add.bp,
    sources.bp,
    notices_page.bp,
    patterns.bp,
    trace.bp,
    searches_api.bp,
    alerts.bp,
    searches_pages.bp,
    alert_pages.bp,
    rules.bp,
    rules_page.bp,
)
#: The doors for shippers, of which the setting DOORS may leave some out.
DOORS_BY_NAME = {
    "clef": clef.bp,
    "cloudflare": cloudflare.bp,
    "datadog": datadog.bp,
    "elastic": elastic.bp,
    "firehose": firehose.bp,
    "gelf": gelf.bp,
    "hec": hec.bp,
    "heroku": heroku.bp,
    "journal": journal.bp,
    "loki": loki.bp,
    "otlp": otlp.bp,
    "vercel": vercel.bp,
}
