"""The sentence: a filter as people would say it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from app.query.filter import Filter
from app.query.language.parse import parse
from app.query.sentence import sentence
from tests.query.trees import trees
from tests.thorough import examples


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "anything"),
        ("NOT *", "nothing fits"),
        ("level:error timeout", "level is error and the message contains “timeout”"),
        ("failed to connect", "the message contains the words “failed to connect”"),
        ('"failed to connect"', "the message contains the phrase “failed to connect”"),
        ("fail*", "the message contains a word like “fail*”"),
        ("*fail*", "the message contains the text “fail”"),
        ("-*fail*", "the message does not contain the text “fail”"),
        ("/^a/", "the message fits the regular expression “^a”"),
        ('message:equals("a")', "the message is exactly “a”"),
        ('metadata.user:"J. Doe"', "metadata.user is “J. Doe”"),
        ("NOT level:error", "level is not error"),
        ("level:(a OR b OR c)", "level is one of a, b or c"),
        ("-level:(a OR b)", "level is not one of a or b"),
        ("level:>=warn", "level is warn or more severe"),
        ("level:<warn", "level is less severe than warn"),
        ("metadata.ms:[1 TO 5}", "metadata.ms is 1 or more and below 5"),
        ("NOT metadata.ms:>5", "metadata.ms is not above 5"),
        ("NOT metadata.ms:[1 TO 5]", "metadata.ms is not 1 or more and 5 or less"),
        ("metadata.ms:[* TO *]", "metadata.ms is a number"),
        ("timestamp:>2023-09-15T08:00:00Z", "timestamp is after 2023-09-15T08:00:00Z"),
        ("_exists_:traceId", "there is a traceId"),
        ("-_exists_:metadata.user", "there is no value at metadata.user"),
        ('resourceId:prefix("server-")', "resourceId starts with “server-”"),
        ("-resourceId:server-?", "resourceId does not fit the pattern “server-?”"),
        ("a OR (b level:x)", "the message contains “a” or (the message contains “b” and level is x)"),
        ("NOT (a OR level:x)", "it is not so that (the message contains “a” or level is x)"),
    ],
)
def test_sentence(text: str, wanted: str) -> None:
    """The sentence says what the filter means."""
    assert sentence(parse(text)) == wanted


@given(tree=trees)
@settings(max_examples=examples(200), deadline=None)
def test_every_tree_has_a_sentence(tree: Filter) -> None:
    """There is a sentence for whatever may be asked."""
    assert sentence(tree)
