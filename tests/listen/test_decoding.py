"""From messages of syslog to logs: header, text, and a log that the text itself is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.files import carried
from app.files.sources.forms import SourceForms
from app.files.unpack import decode
from app.listen.decoding import MessageDecoder, syslog_log
from app.log.limits import Limits
from app.log.lines import rfc5424, syslog
from app.log.own import Ready
from app.log.schema import read_items
from app.settings import listeners
from app.times.written import Assumed
from tests.thorough import examples

HEADER = b"<14>1 2026-01-02T03:04:05Z web-1 shop 7 - - "


def log(data: bytes) -> dict[str, Any]:
    """Return the log in a message from 192.0.2.7."""
    found = syslog_log(data, "192.0.2.7", Assumed.here())
    return {**found.sent(), "timestamp": found.log.timestamp} if isinstance(found, Ready) else found


_TEXTS = ("order failed", "", " x", "é漢", "@cee: {}", '{"level":50}', "#033[1m", "a\0b", "x" * 300, "ERROR: \ufeff")
_DATA = (
    "-",
    '[a@1 traceId="%s" n="1"]' % ("ab" * 16),
    '[a trace_id="x" a="\\"" a="2"][b]',
    '[a spanId="%s"]' % ("9" * 300),
)
_TIMES = ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123456+02:00", "2026-13-02T03:04:05Z", "-")
_HEADS = st.builds(
    "<{}>1 {} {} {} {} - {} {}".format,
    *(st.integers(0, 200), st.sampled_from(_TIMES), st.sampled_from(("web-1", "-", "localhost", "h" * 255))),
    *(st.sampled_from(("shop", "-", "%ASA-4-106023:")), st.sampled_from(("7", "-"))),
    *(st.sampled_from(_DATA), st.sampled_from(_TEXTS) | st.text(max_size=20)),
)
_LINES = st.builds(
    "<13>Jan  2 03:04:05 {}: {}".format, st.sampled_from(("web-1 shop", "shop")), st.sampled_from(_TEXTS)
)


@settings(max_examples=examples(300), deadline=None)
@given(text=_HEADS | _LINES, most=st.sampled_from((100, 65_536)))
@example(text=HEADER.decode() + "order failed", most=65_536)
@example(text=HEADER.decode() + "x" * 300, most=100)
def test_a_log_that_is_taken_at_once_is_the_same(text: str, most: int) -> None:
    """Whatever a message holds: as one that is looked at, and then read in our own form."""
    assumed, limits = Assumed.here(), Limits(message=most, metadata=most, retention_ms=10**12)
    data = text.encode("utf-8", "surrogatepass")
    found = syslog_log(data, "192.0.2.7", assumed)
    assert isinstance(found, Ready) or text != HEADER.decode() + "order failed"
    if isinstance(found, Ready):
        read = syslog.read(decode(data.rstrip(b"\n\0")), assumed)
        assert read is not None
        looked_at = carried.opened(read, assumed)
        assert read_items([found], limits, 5).logs == read_items([looked_at], limits, 5).logs


class _Forms:
    """Says of no source how it writes."""

    def assumed(self, names: Callable[[], Iterable[str]], otherwise: Callable[[], Assumed]) -> Assumed:
        """Return what is assumed of any."""
        del names
        return otherwise()


def sure(log: Any) -> Any:
    """Return what is the same of two readings of one log: the whole of it, in the order of its names."""
    return (log.log, list(map(str, log.log.metadata.items())), log.size) if isinstance(log, Ready) else str(log)


#: Alike, and with one thing otherwise each; the last of them more often in the tests.
_ALIKE = (
    "<13>1 2026-01-02T03:04:05.678Z web-1 shop 7 - - order 7 failed",
    '<{}>1 2026-01-02T03:04:0{}Z web-1 shop 7 - [a@1 traceId="{:032x}" n="{}"] order {} failed',
    '<14>1 2026-01-02T03:04:05Z web-1 shop 7 ID1 [a@1 spanId="{:016x}"][b][c x="" y=" "] order failed',
)
_OTHERWISE = (
    *(
        ("web-1", "-"),
        ("web-1", "localhost"),
        ("web-1", "h" * 256),
        ("web-1", "web\u00a01"),
        ("shop", "-"),
        ("shop", ""),
    ),
    *(
        ("shop", "%ASA-4-106023"),
        (" 7 ", " - "),
        (" 7 ", "  "),
        ("<1", "<9"),
        (">1", ">2"),
        ("Z", "+02:00"),
        ("Z", ".1234567Z"),
    ),
    *(("2026-01-02T03:04:05Z", "-"), ("2026-01-02", "2026-13-02"), ("order", "-"), ("order", "\ufeff"), ("order", "é")),
    *(
        ("] order", "]"),
        ("] order", "]order"),
        (" - - ", " - "),
        ("order", " @cee: {"),
        ("order", '{"level":50}'),
        ("order", "a\nb"),
    ),
    *(
        ("order", "x\0"),
        ("order", "#033[1m#011"),
        ('n="', 'n="\\"'),
        ('n="', 'n="]'),
        (" n=", " traceId="),
        ("[b]", "[a@1]"),
        ("[b]", "[app]"),
    ),
    *(
        ("[b]", "[facility]"),
        ("[b]", ""),
        ("[a@1", "[a@2"),
        ("0000", "zzzz"),
        ("failed", "failed\n\0"),
        ("-", "- -"),
        ("=", "= "),
    ),
)


@st.composite
def _streams(draw: st.DrawFn) -> list[bytes]:
    form = draw(st.sampled_from(_ALIKE))
    made = [
        form.format(*range(n, n + 5)) if "{" in form else form
        for n in draw(st.lists(st.integers(0, 9), min_size=3, max_size=12))
    ]
    for place in draw(st.sets(st.integers(0, len(made) - 1), max_size=draw(st.integers(0, len(made))))):
        for old, new in draw(st.lists(st.sampled_from(_OTHERWISE), max_size=2)):
            made[place] = made[place].replace(old, new, draw(st.sampled_from((1, -1))))
    return [one.encode("utf-8" if draw(st.booleans()) else "latin-1", "replace") for one in made]


@settings(max_examples=examples(1_000), deadline=None)
@given(messages=_streams())
def test_messages_that_are_read_together_are_read_as_each_by_itself(messages: list[bytes]) -> None:
    """Whatever stands among messages that are alike."""
    decoder = MessageDecoder(listeners.read("tcp://127.0.0.1:5140")[0], cast(SourceForms, _Forms()))
    alone = [decoder.one(message, "192.0.2.7") for message in messages]
    assert list(map(sure, decoder.several(messages, "192.0.2.7"))) == list(map(sure, alone))


@pytest.mark.parametrize("form", _ALIKE)
def test_messages_that_are_alike_are_read_together(form: str) -> None:
    """Each of the forms that the test above begins with is one."""
    texts = [form.format(*range(n, n + 5)) for n in range(1, 9)]
    found = rfc5424.read_alike(texts, Assumed.here())
    assert found is not None
    assert list(found.fields["message"]) == [text.rpartition("] " if "]" in text else "- ")[2] for text in texts]
    assert rfc5424.read_alike([*texts, texts[0].replace("web-1", "-")], Assumed.here()) is None


def test_a_blank_behind_the_priority_is_passed_over() -> None:
    """As srslog for Go writes its default form."""
    found = log(b"<27> 2026-11-30T19:54:53Z web-1 shop[24100]: order failed")
    assert (found["level"], found["message"], found["resourceId"]) == ("err", "order failed", "web-1")
    assert (found["timestamp"], found["metadata"]["app"]) == ("2026-11-30T19:54:53Z", "shop")


def test_header_and_text() -> None:
    """Priority, host and program are where they belong."""
    found = log(HEADER + b"order failed\n")
    assert (found["level"], found["message"], found["resourceId"]) == ("info", "order failed", "web-1")
    assert found["metadata"]["app"] == "shop"


@pytest.mark.parametrize("mark", [b"", b"@cee:", b" @cee: "])
def test_a_text_of_json_is_read(mark: bytes) -> None:
    """Its own level and time win over those of the header, which says how it was carried."""
    sent = b'{"level":50,"time":1694764800123,"pid":7,"hostname":"inner","msg":"order failed"}'
    found = log(HEADER + mark + sent)
    assert (found["level"], found["message"], found["resourceId"]) == ("error", "order failed", "web-1")
    assert str(found["timestamp"]).startswith(("2023-09-15T08:00:00.123", "1694764800123"))
    assert found["metadata"]["app"] == "shop"


@pytest.mark.parametrize("head", [b"<132>Nov 30 05:34:43 web-1 ", b"<132>Nov 30 05:34:43 web-1 shop: ", b"<132>shop: "])
def test_json_behind_a_header_without_a_program(head: bytes) -> None:
    """Logback's SyslogAppender names none: the first name of the object is not taken for one."""
    found = log(head + b'{"message":"order failed","level":"error","order":{"id":7}} ')
    assert (found["level"], found["message"], found["metadata"]["order"]) == ("error", "order failed", {"id": 7})
    assert found["metadata"].get("app") == ("shop" if b"shop" in head else None)


@pytest.mark.parametrize(
    ("text", "message"),
    [(b'"quoted": x', '"quoted": x'), (b"key=a:b c", "key=a:b c"), (b"%ASA-4-106023: Deny", "Deny")],
)
def test_what_is_no_program(text: bytes, message: str) -> None:
    """A word before a colon is one where no sign stands in it that programs' names don't have."""
    assert log(b"<132>Nov 30 05:34:43 web-1 " + text)["message"] == message


@pytest.mark.parametrize(
    "data", [b"no header at all", b"<14>shop: no time\0", b"<13>Jan  2 03:04:05 localhost shop: x"]
)
def test_a_host_that_says_nothing_is_its_peer(data: bytes) -> None:
    """Where it sends from says more than `localhost`, and than nothing."""
    assert log(data)["metadata"]["peer"] == "192.0.2.7"


@pytest.mark.parametrize(
    ("data", "trace", "span"),
    [
        # log4j2's Syslog appender with includeMDC, as it runs in tests/e2e/test_shippers.py
        (
            rb'[mdc@18060 trace_id="0af7651916cd43dd8448eb211c80319c" span_id="b7ad6b7169203331"]',
            "0af7651916cd43dd8448eb211c80319c",
            "b7ad6b7169203331",
        ),
        (rb'[a@1 x="1"][b@1 traceId="order-7"]', "order-7", None),
        (
            rb'[a@1 traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]',
            "0af7651916cd43dd8448eb211c80319c",
            None,
        ),
        (rb'[a@1 trace_id="00000000000000000000000000000000" traceId=""]', None, None),
        (rb'[meta sequenceId="7"]', None, None),
    ],
)
def test_ids_of_structured_data(data: bytes, trace: str | None, span: str | None) -> None:
    """A parameter by the name of a trace or a span is the log's own, and stays in the metadata."""
    found = log(b"<11>1 2026-01-02T03:04:05Z web-1 shop 7 - " + data + b" order failed")
    assert (found.get("traceId"), found.get("spanId")) == (trace, span)
    assert found["message"] == "order failed"
    assert len(found["metadata"]) > 3


@pytest.mark.parametrize("time", [b"Nov 30 05:34:43", b"2026-11-30T05:34:43Z", b"2026-11-30T05:34:43.123+00:00"])
@pytest.mark.parametrize("host", [b"Printer", b"printer", b"SWITCHa"])
def test_a_host_without_a_program_is_one_however_it_is_written(time: bytes, host: bytes) -> None:
    """Behind a priority the line is syslog's: its time and its text stay whole."""
    found = log(b"<11>" + time + b" " + host + b" out of paper")
    assert (found["level"], found["message"], found["resourceId"]) == ("err", "out of paper", host.decode())
    assert "05:34:43" in found["timestamp"]
