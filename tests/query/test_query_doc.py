"""docs/query.md: each example is taken, and its tables hold what the code knows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from app.query.filter import DEPTH_LIMIT, LEAF_LIMIT, TEXT_LIMIT
from app.query.language.parse import parse
from app.query.language.tokens import NESTING_LIMIT, TERM_LIMIT
from app.query.meaning import predicate
from app.query.operations import OPERATIONS, from_json
from app.query.request import PARAMETERS
from tests.conftest import MakeRecord

TEXT = (Path(__file__).parents[2] / "docs" / "query.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
QUERIES = [line for language, block in BLOCKS if not language for line in block.splitlines()]
QUERIES += [
    code
    for table in re.findall(r"\| you type \|.*?\n(?=\n)", TEXT, re.DOTALL)
    for row in table.splitlines()[2:]
    for code in re.findall(r"`([^`]+)`", row.split("|")[1])
]
JSON = [json.loads(block) for language, block in BLOCKS if language == "json"]


def column(heading: str) -> list[str]:
    """Return the names in the first column of the table whose first heading is *heading*."""
    table = re.search(rf"\| {heading} \|.*?\n(?=\n)", TEXT, re.DOTALL)
    assert table is not None
    return [name for row in table[0].splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])]


@pytest.mark.parametrize("query", QUERIES)
def test_example_is_taken(query: str) -> None:
    """Whatever the document shows can be typed."""
    parse(query)


@pytest.mark.parametrize("body", [body for body in JSON if "errors" not in body])
def test_filter_is_taken(body: dict[str, Any]) -> None:
    """Whatever filter the document shows can be sent."""
    from_json(body)


def test_tables_are_whole() -> None:
    """Operations and parameters are documented, all of them and no others."""
    assert len(QUERIES) > 30
    assert sorted(column("operation")) == sorted(OPERATIONS)
    assert sorted(column("name")) == sorted(PARAMETERS)


def test_limits_are_the_code_s() -> None:
    """The limits in the document are those in force."""
    limits = re.search(r"\| what \| limit \|.*?\n(?=\n)", TEXT, re.DOTALL)
    assert limits is not None
    numbers = [int(number.replace(",", "")) for number in re.findall(r"\| ([\d,]+)\b", limits[0])]
    assert numbers == [TEXT_LIMIT, LEAF_LIMIT, TERM_LIMIT, DEPTH_LIMIT, NESTING_LIMIT]


@pytest.mark.parametrize(
    ("query", "fields", "holds"),
    [
        ("lodz", {"message": "Łódź"}, False),
        ("cafe", {"message": "Café"}, True),
        ("user_id=5", {"message": "id 5 of user"}, True),
        ("日", {"message": "日本"}, True),
        ("!!!", {"message": ""}, True),
        ("resourceId:server", {"resource_id": "server-1"}, False),
        ("metadata.status:404", {"metadata": {"status": "404"}}, True),
        ("metadata.n:1", {"metadata": {"n": 1.0}}, True),
        ("metadata.tags:blue", {"metadata": {"tags": ["red", "blue"]}}, True),
        ("metadata.user.name:x", {"metadata": {"user.name": "x"}}, True),
        ("metadata.ms:>5", {"metadata": {"ms": "10"}}, False),
        ("level:warn", {"level": "WARN"}, True),
        ("level:warn", {"level": "warning"}, False),
        ("level:[warn TO warn]", {"level": "warning"}, True),
        ("_exists_:metadata.a", {"metadata": {"a": []}}, False),
        ("_exists_:metadata.a", {"metadata": {"a": {"b": ""}}}, True),
        ("NOT traceId:x", {}, True),
        ("timestamp:<2023-09-15", {"timestamp": "2023-09-15T00:00:00Z"}, False),
        ("timestamp:>2023-09-15", {"timestamp": "2023-09-15T23:59:59.999999999Z"}, False),
        ("timestamp:>2023-09-15", {"timestamp": "2023-09-16T00:00:00Z"}, True),
        ("timestamp:[2023-09-14 TO 2023-09-15]", {"timestamp": "2023-09-15T23:59:59.999999999Z"}, True),
        (r"/^took \d+ms$/", {"message": "took 5ms"}, True),
        ("/TOOK/", {"message": "took 5ms"}, False),
    ],
)
def test_what_is_compared(make_record: MakeRecord, query: str, fields: dict[str, Any], holds: bool) -> None:
    """The document's statements on meaning are true."""
    assert predicate(parse(query))(make_record(**fields)) is holds
