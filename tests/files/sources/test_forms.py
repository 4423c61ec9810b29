"""How sources write, as an admin said: which form counts, when it is asked for, and what it changes of a text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.errors import InvalidInput, Unavailable
from app.files import carried
from app.files.preview import preview
from app.files.sources import forms as source_forms
from app.files.sources.forms import FRESH_SECONDS, RETRY_SECONDS, SourceForms, applied, check
from app.log.limits import Limits
from app.ports.forms import SourceForm
from app.times.instant import now_ms
from app.times.written import Assumed

LIMITS = Limits(1 << 20, 1 << 18, 86_400_000)


class Keeper:
    """Forms that a test sets, or a record that can't be asked."""

    def __init__(self) -> None:
        self.kept: list[SourceForm] = []
        self.away = False
        self.asked = 0

    def forms(self) -> list[SourceForm]:
        """See FormKeeper."""
        self.asked += 1
        if self.away:
            raise Unavailable("away")
        return list(self.kept)

    def keep_form(self, form: SourceForm) -> None:
        """See FormKeeper."""
        self.kept.append(form)

    def drop_form(self, name: str) -> bool:
        """See FormKeeper."""
        raise NotImplementedError


def test_each_field_at_fault_is_named() -> None:
    """All of them at once."""
    with pytest.raises(InvalidInput) as caught:
        check("", "pinot", "Nowhere/City", "(", "me")
    assert [problem.field for problem in caught.value.problems] == ["name", "dialect", "zone", "first_line"]
    with pytest.raises(InvalidInput, match="nothing is said"):
        check("shop", "", "", "", "me")


def test_a_change_is_seen_within_seconds_and_a_record_that_is_away_costs_nothing() -> None:
    """What was known counts on meanwhile, and the record is asked again after a pause."""
    keeper, now = Keeper(), [100.0]
    forms = SourceForms(keeper, lambda: now[0])
    names = lambda: ("shop",)  # noqa: E731
    assert forms.of(names) is None
    keeper.kept = [SourceForm("shop", zone="Europe/Berlin")]
    assert forms.of(names) is None and keeper.asked == 1
    now[0] += FRESH_SECONDS
    assert forms.of(names) == keeper.kept[0]
    keeper.away = True
    now[0] += FRESH_SECONDS
    assert forms.of(names) == keeper.kept[0]
    asked = keeper.asked
    now[0] += RETRY_SECONDS - 1
    assert forms.of(names) == keeper.kept[0] and keeper.asked == asked
    keeper.away, keeper.kept = False, []
    now[0] += 1
    assert forms.of(names) is None
    keeper.kept = [SourceForm("shop", dialect="pino")]
    forms.forget()
    assert forms.of(names) == keeper.kept[0]


def test_there_are_only_so_many() -> None:
    """One that is there already can still be changed."""
    keeper = Keeper()
    keeper.kept = [SourceForm(f"s{n}", zone="UTC") for n in range(1_000)]
    source_forms.keep(keeper, SourceForm("s1", zone="Asia/Tokyo"))
    with pytest.raises(InvalidInput, match="1,000"):
        source_forms.keep(keeper, SourceForm("another", zone="UTC"))


def messages(text: str, **said: str) -> list[str]:
    """Return the messages of the logs in a text whose form is said."""
    assumed = applied(SourceForm("x", **said), Assumed.here())
    return [one.log["message"] for one in preview(text.encode(), assumed, LIMITS, now_ms())]


def test_first_lines_decide_what_is_one_log() -> None:
    """Lines that no rule would join are; lines that a rule would join are not; blank lines within stay; none is lost."""
    text = "noise before\n#1 begin\nplain text\n\n  at x\nERROR more\n#2 begin\n\n"
    assert messages(text, first_line="^#") == ["noise before", "#1 begin\nplain text\n\n  at x\nERROR more", "#2 begin"]
    assert messages("a\n  b\n  c\n", first_line="") == ["a\n  b\n  c"]
    assert messages("a\n  b\n  c\n", first_line="[abc]") == ["a", "  b", "  c"]


def test_first_lines_within_a_container() -> None:
    """The lines that the container wrote are looked at, not those in which they were kept."""
    kept = "".join(f"2023-09-15T08:00:0{n}Z stdout F {line}\n" for n, line in enumerate(("#1", "on", "#2")))
    assert messages(kept, first_line="^#") == ["#1\non", "#2"]


def test_first_lines_of_a_text_that_a_door_splits() -> None:
    """As those of a file."""
    assumed = replace(Assumed.here(), first_line="^#")
    assert carried.whole(["#1", "on", "#2"], assumed) == ["#1\non", "#2"]
    assert carried.whole(["#1", "on"], Assumed.here()) == ["#1", "on"]


def test_a_dialect_that_is_said_decides_what_a_number_means() -> None:
    """40 is a warning for pino and an error for Python; `plain` reads nothing at all."""
    log = '{"level": 40, "msg": "disk", "time": 1694764800000}'
    for dialect, level in (("pino", "warn"), ("bunyan", "warn"), ("structlog", "error")):
        assumed = applied(SourceForm("x", dialect=dialect), Assumed.here())
        assert carried.opened({"message": log, "metadata": {}}, assumed)["level"] == level, dialect
    plain = applied(SourceForm("x", dialect="plain"), Assumed.here())
    assert carried.opened({"message": log, "level": "notice"}, plain) == {"message": log, "level": "notice"}


def test_a_form_that_is_said_reads_what_a_protocol_carries_in_full() -> None:
    """A protocol that has a time of its own gives only the level else."""
    carried_log = {"message": "level=warn msg=disk used=91", "timestamp": "2023-09-15T08:00:00Z", "metadata": {}}
    said = applied(SourceForm("x", dialect="logfmt"), Assumed.here())
    found = carried.opened(carried_log, said)
    assert (found["message"], found["level"], found["metadata"]["used"]) == ("disk", "warn", 91)
    assert carried.opened(carried_log, Assumed.here())["message"] == carried_log["message"]
