"""Bars of the charts as paths of SVG."""

from __future__ import annotations

from app.web.render.bars import by_kind, outline


def test_outline_stands_on_its_foot() -> None:
    assert outline(3, 40, 0.85, 12.3) == "M3 27.7h.85v12.3h-.85z"
    assert outline(0.123, 24, 0.8, 24) == "M.12 0h.8v24h-.8z"


def test_bars_of_a_kind_are_one_path_in_the_order_of_kinds() -> None:
    bars = [("firing", "M1 0z"), ("ok", "M0 0z"), ("firing", "M2 0z")]
    assert by_kind(bars, ("ok", "firing", "cannot_tell")) == [("ok", "M0 0z"), ("firing", "M1 0zM2 0z")]
    assert by_kind([], ("ok",)) == []
