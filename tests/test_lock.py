"""The image installs what setup.cfg asks for, each file by its hash: docker/lock.sh was run after the last change."""

from __future__ import annotations

import re
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
SETUP = ConfigParser()
SETUP.read(ROOT / "setup.cfg")
#: Login by OpenID Connect and passkeys are extras of the package, and part of the image.
EXTRAS = SETUP["options.extras_require"]["oidc"] + SETUP["options.extras_require"]["passkeys"]
NEEDED = SETUP["options"]["install_requires"] + EXTRAS
SQS = SETUP["options.extras_require"]["sqs"]


def named(name: str) -> str:
    """Return a package's name as PyPI compares names (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(file: str) -> dict[str, tuple[str, int]]:
    """Return the release and the number of hashes of each package in a lock."""
    text = (ROOT / "docker" / file).read_text()
    found = re.findall(r"^([\w.-]+)==(\S+)[^\n]*((?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)*)", text, re.MULTILINE)
    return {named(name): (release, hashes.count("sha256")) for name, release, hashes in found}


@pytest.mark.parametrize(("file", "needed"), [("requirements.lock", NEEDED), ("requirements-sqs.lock", NEEDED + SQS)])
def test_the_image_installs_what_is_required(file: str, needed: str) -> None:
    """Each requirement has a release that fits it, and each release has hashes."""
    lock = locked(file)
    for line in needed.splitlines():
        if line and not line.startswith("#"):
            wanted = Requirement(line)
            assert wanted.specifier.contains(lock[named(wanted.name)][0]), f"{line}: run docker/lock.sh"
    assert not [name for name, (_, hashes) in lock.items() if not hashes]


def test_both_images_hold_the_same_releases() -> None:
    """SQS brings packages of its own and changes no other."""
    base, sqs = locked("requirements.lock"), locked("requirements-sqs.lock")
    assert base.items() <= sqs.items()
    assert {"boto3", "botocore"} <= sqs.keys() - base.keys()
