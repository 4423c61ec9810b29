"""The logs that speed is measured on stay the same, byte for byte, or figures of two days could not be compared."""

from __future__ import annotations

import hashlib
from pathlib import Path

from bench.logs import NEEDLE, Facts, lines, write


def test_bytes_never_change() -> None:
    """The same number, end and seed give the same bytes as ever; the hash was taken from another implementation too."""
    digest = hashlib.sha256("".join(f"{line}\n" for line in lines(20_000)).encode()).hexdigest()
    assert digest == "f5d6abd1292d1c0bff454be20514517a7e6f211e6630e710bc33327f3e64b8b8"


def test_facts_are_counted(tmp_path: Path) -> None:
    """What answers are checked against is what stands in the file."""
    write(tmp_path / "logs.ndjson", 20_000)
    text = (tmp_path / "logs.ndjson").read_text()
    facts = Facts.of(tmp_path / "logs.ndjson")
    assert (facts.n, facts.bytes) == (20_000, len(text))
    assert facts.levels["error"] == text.count('"level":"error"') == sum(facts.error_minutes.values())
    assert facts.levels.total() == facts.resources.total() == 20_000
    assert facts.texts[NEEDLE] == text.count(NEEDLE) == 10
    assert facts.texts[Facts.COMMON] == text.count("authentication rejected")
