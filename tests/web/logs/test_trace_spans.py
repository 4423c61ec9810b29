"""Spans that came over OTLP, on the page of their trace: lanes with their names, to scale, within their parents."""

from __future__ import annotations

import re
import time

from flask.testing import FlaskClient

from app.backends import Backends
from app.times.lengths import brief
from tests.conftest import fill_backends
from tests.log.otlp.test_spans import TRACE, traced


def test_the_page_draws_the_spans(client: FlaskClient, backends: Backends) -> None:
    """Each lane is as long as its span, and is called by its name."""
    start = (int(time.time()) - 60) * 10**9
    sent = traced("GET /pay <b>", "charge", "ask the bank", start=start).SerializeToString()
    answer = client.post("/v1/traces", data=sent, content_type="application/x-protobuf")
    assert (answer.status_code, answer.data) == (200, b"")
    fill_backends(backends, [])
    page = client.get(f"/trace/{TRACE.hex()}").get_data(as_text=True)
    names = re.findall(r'class="d(\d)"><a href="[^"]*"[^>]*><bdi>([^<]*)</bdi>', page)
    assert names == [("0", "GET /pay &lt;b&gt;"), ("1", "charge"), ("2", "ask the bank")]
    lengths = re.findall(r'<td role="cell">([\d.]+ ms)<small>as it says', page)
    assert lengths == [brief(n * 10**5) for n in (1805, 1605, 1405)]
    claimed = [
        (float(x), float(width)) for x, width in re.findall(r'class="claimed" x="([\d.]+)%" width="([\d.]+)%"', page)
    ]
    # The first is the whole.
    assert claimed[0] == claimed[1] == (0.0, 100.0)
    assert [round(width) for _, width in claimed[2:]] == [89, 78]
    assert "1 error" in page


def test_a_rejected_span_is_counted(client: FlaskClient) -> None:
    """The answer is that of traces."""
    made = traced("x")
    attribute = made.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="large")
    attribute.value.string_value = "x" * 300_000
    answer = client.post("/v1/traces", data=made.SerializeToString(), content_type="application/x-protobuf")
    assert answer.status_code == 200
    assert answer.data.startswith(b"\x0a")
