"""JSON that can't be decoded: each way ends in NotJSON, by either library."""

from __future__ import annotations

import pytest

from app.json_text import LENIENT, STRICT, Decoder, NotJSON, decode

DEEP = b'{"a":' * 100_000
BROKEN = {
    "nothing": b"",
    "no JSON": b"{",
    "no UTF-8": b'"\xff"',
    "many digits": b"1" * 5_000,
    "deep": DEEP,
    "NaN": b'{"a": NaN}',
}


@pytest.mark.parametrize("sent", BROKEN.values(), ids=BROKEN)
def test_what_can_not_be_decoded_is_not_json(sent: bytes) -> None:
    """Whatever is wrong, one error says so."""
    with pytest.raises(NotJSON):
        STRICT.read(sent)
    with pytest.raises(NotJSON):
        STRICT.first(sent.decode("latin-1") if sent != BROKEN["no UTF-8"] else "x", 0)
    with pytest.raises(NotJSON):
        decode(sent, object)


def test_an_error_says_where_and_what() -> None:
    """A fault of the text has a place, one of depth is named."""
    with pytest.raises(NotJSON) as found:
        LENIENT.read('{"a":\n x}')
    assert (found.value.message, found.value.position, found.value.line_column) == ("Expecting value", 7, (2, 2))
    with pytest.raises(NotJSON, match="nested too deeply") as found:
        LENIENT.read(DEEP)
    assert found.value.deep
    assert found.value.position is None


def test_what_is_no_json_to_the_letter_is_read_where_it_may_be() -> None:
    """NaN, line feeds within texts and lone surrogates are read by who says so."""
    assert str(LENIENT.read("NaN")) == "nan"
    assert Decoder(strict=False).read('"a\nb"') == "a\nb"
    assert STRICT.read(b'"\\ud800"') == "\ud800"
    assert LENIENT.first("[1] [2]", 4) == ([2], 7)
    assert Decoder(pairs=list).read('{"a": 1, "a": 2}') == [("a", 1), ("a", 2)]


def test_a_kind_is_held_to() -> None:
    """msgspec's own errors end in the same."""
    with pytest.raises(NotJSON, match="Expected `int`"):
        decode('{"a": "x"}', dict[str, int])
    assert decode(b'{"a": 1}', dict[str, int]) == {"a": 1}
