"""The health check of the image, run as the container's engine would run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.e2e.program import Server
from tests.test_docker import given


@pytest.mark.system
def test_health_check_of_the_image(make_server: Callable[..., Server]) -> None:
    """Its line succeeds beside a server that asks for a password, and fails where none answers."""
    check = given("HEALTHCHECK")[0].partition(" CMD ")[2]
    words = json.loads(check)
    assert words[0] == "python"
    server = make_server(AUTH="required", ADMIN_PASSWORD="long enough", WEB_WORKERS="1")
    server.start()
    environment = {"PATH": os.environ["PATH"], "LOGINGESTOR_PORT": str(urlsplit(server.url).port)}
    command = [sys.executable, *words[1:]]
    assert subprocess.run(command, env=environment, check=False, capture_output=True).returncode == 0
    assert server.stop() == 0
    assert subprocess.run(command, env=environment, check=False, capture_output=True).returncode != 0
