"""Parts that are told to stop and hang, without a supervisor that would kill them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.process import ROOT

#: What each kind of process does when it is told to stop.
TOLD = {
    "worker": "from workers import console; console.when_told_to_stop(console.Stopping().set)",
    "worker that ends by itself": "from workers import console; console.stop_by_itself(console.Stopping())",
    "web": """
import uvicorn
from app.web.server import server
made = server._Server(uvicorn.Config(None), None)
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, made.handle_exit)
""",
    "listener": """
import asyncio
from app.listen import server
async def hangs():
    server._stopping()
    tell()
asyncio.run(hangs())
""",
}
HANGS = """
import os, signal, time
from app import watchdog
watchdog.STOP_SECONDS = 0.3
def tell():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
        os.kill(os.getpid(), number)
    while True:
        time.sleep(1)
{told}
tell()
"""


@pytest.mark.parametrize("part", TOLD)
def test_a_part_that_hangs_ends_and_says_where(part: str) -> None:
    """Signals that come after the first give it no more time, and end it no sooner."""
    words = [sys.executable, "-c", HANGS.format(told=TOLD[part])]
    ended = subprocess.run(words, check=False, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1, ended.stderr
    assert ended.stderr.startswith("Timeout (0:00:00.300000)!\n")
    assert 'File "<string>", line' in ended.stderr
