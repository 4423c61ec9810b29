"""Forms of lines: only those that a line may be are asked, by how it begins."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.log.lines import forms
from app.log.lines.forms import FORMS
from app.log.lines.rows.form import Form
from tests.thorough import examples

#: Forms that may stand behind the name of a file, a facility or a device: for these names only some letters are tried.
BEHIND_NAMES = {"oslo", "kernel", "ios", "pacemaker"}


@pytest.mark.parametrize("form", [one for one in FORMS if one.name not in BEHIND_NAMES], ids=lambda one: one.name)
@settings(max_examples=examples(60), deadline=None)
@given(data=st.data())
def test_a_form_is_asked_for_every_line_that_it_matches(form: Form, data: st.DataObject) -> None:
    """However a line of the form begins, so its row says."""
    line = data.draw(st.from_regex(form.pattern, fullmatch=True))
    begins = forms.beginning(line)
    # A pattern that is looser than a time takes digits that are none; such a line has no instant, and is no log of the form.
    loose = begins[:1].isdecimal() and len(begins) == 1 and line[4:5] in "-/" and line[4:5] == line[7:8]
    assert loose or forms.may_be(form, begins)


def test_no_two_forms_have_one_name() -> None:
    """Forms that are asked together are found by their names."""
    assert len({one.name for one in FORMS}) == len(FORMS)
