"""Forms of lines: only those that a line may be are asked, by how it begins."""

from __future__ import annotations

import string
from random import Random, SystemRandom

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.log.lines import forms, reader, words
from app.log.lines.forms import FORMS
from app.log.lines.rows.form import Form
from app.times.written import Assumed
from tests.log.drawn import drawn
from tests.log.prefixes import may_begin
from tests.thorough import examples

#: Forms that may stand behind the name of a file, a facility or a device: for these names only some letters are tried.
BEHIND_NAMES = {"oslo", "kernel", "ios", "pacemaker"}


@pytest.mark.parametrize("form", [one for one in FORMS if one.name not in BEHIND_NAMES], ids=lambda one: one.name)
def test_a_form_is_asked_for_every_line_that_it_matches(form: Form) -> None:
    """However a line of the form begins, so its row says."""
    random, now = Random(seed := SystemRandom().getrandbits(64)), Assumed.here()
    for _ in range(examples(300)):
        line = drawn(form.pattern, random)
        found = form.pattern.fullmatch(line)
        assert found is not None
        # A pattern that is looser than a time takes digits that are none; such a line has no instant, and is no log of the form.
        is_asked = forms.may_be(form, forms.beginning(line))
        assert is_asked or forms._log(form, found, now) is None, f"{line!r} of the seed {seed}"


def test_a_clock_begins_with_two_digits() -> None:
    """A number and a colon behind it are none."""
    assert forms.beginning("12:30:00 x") == "0:"
    assert forms.beginning("2 : T: x 1851780595 -1 y") == "2"


_levels = st.sampled_from(
    ("INFO ", "ERROR ", "INFORMATION ", "DEBUG5 ", "WARN  ", "NOTE ", "INFO", "info ", "START ", "")
)
_behind = st.sampled_from(
    ("text", "INFO: 08:00:00.123456 text", "ts=2026-11-30T08:00:00Z msg=x", 'a"b', "[x] y", "1", "é", "")
)
_texts = st.builds("{}{}".format, _levels, _behind)


@settings(max_examples=examples(400), deadline=None)
@given(
    st.lists(_texts, min_size=1, max_size=4) | st.lists(st.builds("INFO {}".format, _behind), min_size=1, max_size=4)
)
def test_texts_are_looked_at_together_as_by_themselves(texts: list[str]) -> None:
    """Whatever their neighbours are."""
    now = Assumed.here()
    assert reader.begin_with_levels(texts, now) == [reader.begins_with_level(text, now) for text in texts]


#: All letters of ASCII, and one beyond.
_LETTERS = (*string.ascii_letters, "é")


@pytest.mark.parametrize("form", FORMS, ids=lambda one: one.name)
def test_a_form_that_is_not_asked_for_lines_with_a_level_first_matches_none(form: Form) -> None:
    """In capitals, with a blank and a letter behind it."""
    matched = {level for level in words.PLAIN if may_begin(form.pattern.pattern, [*level, " ", _LETTERS])}
    assert not matched or forms.may_be(form, forms.LEVELLED)
    # And it is asked only where it may be one.
    assert matched or not forms.may_be(form, forms.LEVELLED)


@pytest.mark.parametrize("line", ["INFO INFO: 2026/11/30 08:00:00 text", "WARN ts=2026-11-30T08:00:00Z a=b msg=text"])
def test_lines_with_a_level_first_may_have_a_form(line: str) -> None:
    """Its time is the one that the form has."""
    assert forms.beginning(line) == forms.LEVELLED
    log = forms.read(line, Assumed.here())
    assert log is not None
    assert "2026-11-30" in str(log["timestamp"])


@pytest.mark.parametrize(
    ("pattern", "text", "may"),
    [
        (r"(?:a|b)c", "bc", True),
        (r"(?:a|b)c", "cc", False),
        (r"[^a]\d{2,3}", "b1x", False),
        (r"[^a]\d{2,3}", "b12", True),
        (r"(?:x )?\w+: ", "ab:", True),
        (r"(?:x )?[A-Z]{1,3}+ (?P<n>\d)", "AB 1", True),
        (r"(?:x )?[A-Z]{1,3}+ (?P<n>\d)", "AB x", False),
        (r"(.)\1 b", "aa c", True),
    ],
)
def test_what_a_pattern_may_begin_with(pattern: str, text: str, may: bool) -> None:
    """A part that can't be looked into may match anything."""
    assert may_begin(pattern, text) == may


def test_no_two_forms_have_one_name() -> None:
    """Forms that are asked together are found by their names."""
    assert len({one.name for one in FORMS}) == len(FORMS)


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("2026-11-29 14:00:02.123 shop[1234:5678] ERROR payment failed", "ERROR"),
        ("2026-11-29 14:00:02.123 shop[1234:5678] payment failed", "info"),
        ("2026/11/29 14:00:02| CRITICAL shop: payment failed", "CRITICAL"),
        ("2026-11-29 14:00:02: (pay.c.12) Warning: disk almost full", "Warning"),
    ],
)
def test_a_level_that_the_text_begins_with_is_the_logs(line: str, level: str) -> None:
    """Where the form is of a program that names none: others write their lines so too."""
    log = forms.read(line, Assumed.here())
    assert log is not None
    assert log["level"] == level


@pytest.mark.parametrize(
    "line",
    [
        "2026/11/29 14:00:01 [worker:2] job done",
        "2026/11/29 14:00:01 [node:1] ERROR: payment failed",
        "2026-11-29T14:00:00.123+0000 20261129 3 orders imported",
    ],
)
def test_a_number_that_is_no_level_stays(line: str) -> None:
    """In a line that merely looks like Liquidsoap's or Ceph's: it would be lost, and the level wrong."""
    assert forms.read(line, Assumed.here()) is None


def test_pairs_behind_the_message_of_kratos_are_taken() -> None:
    """As those before it are, the trace's id among them; a text in quotes has them no more."""
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    log = forms.read(
        f'INFO ts=2026-11-29T14:00:02Z caller=a.go:1 msg="paid for" order=17 trace_id={trace}', Assumed.here()
    )
    assert log is not None
    assert (log["message"], log["traceId"], log["metadata"]) == ("paid for", trace, {"order": 17, "caller": "a.go:1"})


@pytest.mark.parametrize(
    "line",
    [
        "I20261130-08:00:01.123(24) an offset of a day",
        "I20261130-08:00:01.123(-99) an offset of days",
        "#2.0#2026 11 30 08:00:00:123#+9900#INFO#com.sap.shop#########PLAIN##text#",
        "#2.0#2026 11 30 08:00:00:123#+0099#INFO#com.sap.shop#########PLAIN##text#",
    ],
)
def test_an_offset_that_no_zone_has_is_no_time(line: str) -> None:
    """Such a line is no log of the form; nothing fails at it."""
    assert forms.read(line, Assumed.here()) is None


@pytest.mark.parametrize(
    "line", ["06:00:60 INFO paid", "[23:59:60.123] INFO: paid", "23:59:60.123456789: Informational paid"]
)
def test_a_leap_second_is_a_time_of_day(line: str) -> None:
    """RFC 3339 has them, a datetime has none."""
    log = reader.read_line(line, Assumed.here())
    assert log is not None
    assert ":60" in log["timestamp"]
    assert log["message"] == "paid"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2026-11-30 08:00:00,123 77 INFO user login: ann", "user login: ann"),
        ("2026-11-30 08:00:00,123 77 WARNING request timeout: took 30 s", "request timeout: took 30 s"),
        ("2026-11-30 08:00:00,123 [INFO] from cache in memory - hit", "from cache in memory - hit"),
        ("2026-11-30 08:00:00,123 [INFO] from 10.0.0.1 in 35ms - 200 OK", "from 10.0.0.1 in 35ms - 200 OK"),
        (
            "2026-11-30 08:00:00,123+0000 main INFO connected to [db.example.com] in 5 ms",
            "connected to [db.example.com] in 5 ms",
        ),
        ("2026-11-30 08:00:00,123+0000 main INFO loaded [shop.yml] at once", "loaded [shop.yml] at once"),
        ("2026-11-30T08:00:00.123456Z A third-party library was loaded", "A third-party library was loaded"),
    ],
)
def test_a_text_that_looks_like_a_head_stays_whole(line: str, message: str) -> None:
    """Names that a form has in its head are those that its program gives, not any words of a text."""
    log = reader.read_line(line, Assumed.here())
    assert log is not None
    assert (log["message"], log.get("resourceId")) == (message, None)


def test_a_thread_behind_the_level_is_no_logger_of_gradle() -> None:
    """Gradle's loggers are classes; many programs write their threads there."""
    log = reader.read_line("2026-11-30T08:00:00.123+0100 [INFO] [worker-1] paid", Assumed.here())
    assert log is not None
    assert (log.get("resourceId"), log["metadata"]) == (None, {"thread": "worker-1"})
