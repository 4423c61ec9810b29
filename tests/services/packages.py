"""Debian packages of the servers, installed without starting what they bring."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence

from tests.services.process import ServerFailed

#: Reads the lists of packages anew and installs its arguments. A package's own server would take the usual port; exit code 101 of policy-rc.d forbids its start. A
#: policy that the machine has already is the administrator's and stays.
_SCRIPT = """
set -e
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\\nexit 101\\n' >"$policy"
    chmod 755 "$policy"
fi
apt-get update -qq -o Acquire::Retries=3
[ $# -eq 0 ] || apt-get install -y -qq --no-install-recommends -o Acquire::Retries=3 -o DPkg::Lock::Timeout=600 "$@"
"""
#: Where Debian's tools lie, for an environment without PATH.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def install(packages: Sequence[str]) -> None:
    """Install the packages, or raise ServerFailed with what to do."""
    if shutil.which("apt-get", path=PATH) is None:
        raise ServerFailed(f"install first, there is no apt-get to do it: {', '.join(packages)}")
    if code := _run(*packages):
        raise ServerFailed(f"apt-get could not install {', '.join(packages)} (exit code {code})")


def offered(packages: Sequence[str]) -> list[str]:
    """Return those of the packages that the system's lists, read anew, have."""
    if shutil.which("apt-get", path=PATH) is None or _run():
        return []
    return [package for package in packages if _known(package)]


def _run(*packages: str) -> int:
    command = [*_root(), "sh", "-c", _SCRIPT, "sh", *packages]
    return subprocess.run(command, check=False, env={**os.environ, "PATH": PATH}, stdin=subprocess.DEVNULL).returncode


def _known(package: str) -> bool:
    command = ["apt-cache", "show", package]
    shown = subprocess.run(command, check=False, env={**os.environ, "PATH": PATH}, capture_output=True)
    return shown.returncode == 0 and bool(shown.stdout)


def _root() -> list[str]:
    return [] if os.geteuid() == 0 else ["sudo"]
