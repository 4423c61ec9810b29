"""docker/ and the code agree, as far as that can be seen without a container engine."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from configparser import ConfigParser
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import pytest
import yaml
from flask import Flask

from app.cli import COMMANDS, load
from app.cli.run.supervisor import STOP_SECONDS
from app.settings import auth
from app.settings.settings import PREFIX, SETTINGS, Settings, parse_bytes
from app.web.security import access
from tests.test_packaging import SOURCES as PACKAGED

ROOT = Path(__file__).resolve().parents[1]
DOCKER = ROOT / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
DOCKERFILE = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
#: What the image installs, file by file: without an extra, and with that of SQS.
LOCKS = ("docker/requirements.lock", "docker/requirements-sqs.lock")
#: Keys of a service that compose.yaml may use; a mistyped one would be refused by an engine that isn't here.
KEYS = {
    *(
        "build",
        "cap_drop",
        "command",
        "depends_on",
        "deploy",
        "environment",
        "healthcheck",
        "hostname",
        "image",
        "init",
    ),
    *(
        "logging",
        "networks",
        "ports",
        "read_only",
        "restart",
        "secrets",
        "security_opt",
        "shm_size",
        "stop_grace_period",
    ),
    *("tmpfs", "ulimits", "volumes"),
}
#: What the README asks the machine for.
MEMORY = 12 << 30


def instructions() -> Iterator[tuple[str, str]]:
    """Yield the instructions of the Dockerfile with their arguments."""
    text = re.sub(r"^\s*#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", " ")
    for line in text.splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            yield name, rest.strip()


def given(name: str) -> list[str]:
    """Return the arguments of every instruction of that name."""
    return [rest for instruction, rest in instructions() if instruction == name]


def filled(text: str) -> str:
    """Return a value as compose fills it in when nothing is set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def granted(service: dict[str, Any]) -> dict[str, str]:
    """Return the secrets of a service, each with the file that it appears as."""
    found = {}
    for secret in service.get("secrets", ()):
        name = secret if isinstance(secret, str) else secret["source"]
        found[name] = f"/run/secrets/{name}" if isinstance(secret, str) else secret["target"]
    return found


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """The folder that make-secrets.sh makes."""
    shutil.copy(DOCKER / "make-secrets.sh", tmp_path)
    subprocess.run(["sh", "make-secrets.sh"], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path / "secrets"


def test_there_is_what_was_promised() -> None:
    """Web, two workers, scheduler, the record, the queue and three nodes of the index."""
    assert set(OURS) == {"migrate", "web", "worker", "scheduler"}
    assert set(SERVICES) - set(OURS) == {"postgres", "rabbitmq", "opensearch1", "opensearch2", "opensearch3"}
    assert OURS["worker"]["deploy"]["replicas"] == 2
    assert OURS["scheduler"]["deploy"]["replicas"] == 1


@pytest.mark.parametrize("name", SERVICES)
def test_service_is_whole(name: str) -> None:
    """Known keys only, what it names is declared, its memory is limited, it is started again, and its health is known."""
    service = SERVICES[name]
    assert set(service) <= KEYS
    assert service["restart"] in ("unless-stopped", "on-failure")
    assert parse_bytes(service["deploy"]["resources"]["limits"]["memory"].replace("m", "MiB").replace("g", "GiB"))
    assert set(service["networks"]) <= set(COMPOSE["networks"])
    for volume in service.get("volumes", ()):
        source = volume.partition(":")[0]
        assert (DOCKER / source).is_file() if source.startswith(".") else source in COMPOSE["volumes"]
    assert set(granted(service)) <= set(COMPOSE["secrets"])
    for other, need in service.get("depends_on", {}).items():
        health = SERVICES[other].get("healthcheck", {})
        if need["condition"] == "service_healthy":
            assert health.get("test")
        else:
            assert need["condition"] in ("service_started", "service_completed_successfully")
    assert service.get("healthcheck") or (service in OURS.values() and given("HEALTHCHECK"))


def test_every_declared_thing_is_used() -> None:
    """No volume, network or secret is left over."""
    used = {volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())}
    assert set(COMPOSE["volumes"]) == {name for name in used if not name.startswith(".")}
    assert set(COMPOSE["networks"]) == {name for service in SERVICES.values() for name in service["networks"]}
    assert set(COMPOSE["secrets"]) == {name for service in SERVICES.values() for name in granted(service)}


def test_images_are_pinned() -> None:
    """To a version at least; `latest` would upgrade a store unasked."""
    for name, service in SERVICES.items():
        _, _, tag = service["image"].partition(":")
        assert (tag == "local") if name in OURS else re.match(r"\d", tag), name


@pytest.mark.parametrize("name", OURS)
def test_command_exists(name: str) -> None:
    """What the container runs is a command of ours."""
    words = OURS[name]["command"]
    assert words[0] in COMMANDS
    command = load(words[0])
    for word in words[1:]:
        assert isinstance(command, click.Group)
        command = command.commands[word]
    assert not isinstance(command, click.Group)


@pytest.mark.parametrize("name", OURS)
def test_settings_can_be_read(name: str, secrets: Path) -> None:
    """Every variable is a setting with a value that can be used; a file is a secret that the container is given."""
    service = OURS[name]
    files = {path: secrets / secret for secret, path in granted(service).items()}
    image = dict(re.findall(rf"({PREFIX}\w+)=(\S+)", " ".join(given("ENV"))))
    environment = {**image, **{name: filled(str(value)) for name, value in service["environment"].items()}}
    assert all(variable.startswith(PREFIX) for variable in environment)
    for variable, value in environment.items():
        if variable.endswith("_FILE"):
            environment[variable] = str(files[value])
    settings = Settings.from_env(environment)
    hosts = {urlsplit(url).hostname for url in (settings.store_url, settings.queue_url, settings.broker_url)}
    assert hosts <= set(SERVICES)
    assert {part.partition(":")[0] for part in urlsplit(settings.search_url).netloc.split(",")} == {
        other for other in SERVICES if other.startswith("opensearch")
    }
    assert settings.secret_key
    assert auth.decide(settings, settings.host).auth == "required"
    if name == "web":
        assert len(settings.admin_password) >= 20
    # All parts must mean the same systems.
    shared = {variable: value for variable, value in SERVICES["web"]["environment"].items() if "URL" in variable}
    assert shared.items() <= service["environment"].items()


def test_settings_that_are_mentioned_exist() -> None:
    """In every file of docker/."""
    known = {name for setting in SETTINGS for name in (setting.name, f"{setting.name}_FILE")}
    for path in DOCKER.iterdir():
        if path.is_file() and path.name != ".env":
            assert set(re.findall(rf"{PREFIX}([A-Z_]*[A-Z])", path.read_text())) <= known, path


def test_only_the_web_is_published(app: Flask) -> None:
    """On loopback unless said otherwise, at the port that it listens at; the systems behind have no way in or out."""
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports == {"web": ["${PUBLISH:-127.0.0.1:3000}:3000"]}
    assert filled(ports["web"][0]).endswith(f":{OURS['web']['environment']['LOGINGESTOR_PORT']}")
    assert COMPOSE["networks"]["back"]["internal"] is True
    for name, service in SERVICES.items():
        assert service["networks"] == (["back", "front"] if name == "web" else ["back"])
    (checked,) = re.findall(r"\}(/[\w/]+)", given("HEALTHCHECK")[0])
    assert app.url_map.bind("localhost").match(checked)[0] in access.OPEN


def test_our_containers_can_do_little() -> None:
    """No capability, no new privilege, nothing of the image can be changed."""
    for service in OURS.values():
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True
        assert service["security_opt"] == ["no-new-privileges:true"]
        seconds = int(service["stop_grace_period"].removesuffix("s"))
        assert seconds > STOP_SECONDS


def test_memory_adds_up() -> None:
    """All limits together fit the machine that the README asks for; heaps and buffers fit their containers."""
    total = 0
    for name, service in SERVICES.items():
        deploy = service["deploy"]
        limit = parse_bytes(deploy["resources"]["limits"]["memory"].replace("m", "MiB").replace("g", "GiB"))
        total += limit * deploy.get("replicas", 1)
        heap = re.search(r"-Xms(\d+)g -Xmx(\d+)g", str(service.get("environment")))
        if heap:
            assert int(heap[1]) == int(heap[2]), name
            assert int(heap[2]) << 30 <= limit // 2, name
        buffers = re.search(r"shared_buffers=(\d+)MB", str(service.get("command")))
        if buffers:
            assert int(buffers[1]) << 20 <= limit * 2 // 5
    assert MEMORY - (1 << 30) <= total <= MEMORY
    assert f"{MEMORY >> 30} GiB of memory" in (DOCKER / "README.md").read_text()


def test_memory_of_the_readme_is_that_of_compose() -> None:
    """Its table has every service, with its limit."""
    table = (DOCKER / "README.md").read_text().partition("## Memory")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| (`.*?) \| (\d+ [MG]iB)[ a-z]* \|", table, re.MULTILINE))
    listed: dict[str, str] = {}
    for names, size in rows.items():
        listed |= dict.fromkeys(re.findall(r"`(\w+)`", names), size)
    assert {name: parse_bytes(size) for name, size in listed.items()} == {
        name: parse_bytes(service["deploy"]["resources"]["limits"]["memory"].replace("m", "MiB").replace("g", "GiB"))
        for name, service in SERVICES.items()
    }


def test_passwords_have_no_default() -> None:
    """Each secret is a file in a folder that must be named, else compose ends with a sentence; no value stands in compose."""
    for name, secret in COMPOSE["secrets"].items():
        folder, _, file = secret["file"].rpartition("/")
        assert re.fullmatch(r"\$\{SECRETS:\?[^}]*make-secrets\.sh[^}]*\}", folder)
        assert file == name
    assert "SECRETS=./secrets" in (DOCKER / "make-secrets.sh").read_text()
    for service in SERVICES.values():
        for variable, value in service.get("environment", {}).items():
            assert "PASSWORD" not in variable or variable.endswith("_FILE"), variable
            assert "@" not in str(value)


def test_secrets_are_made_once(secrets: Path) -> None:
    """Every file that compose names, each with its own password, for the owner alone; a second run changes nothing."""
    assert set(COMPOSE["secrets"]) <= {path.name for path in secrets.iterdir()}
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    before = {path.name: path.read_bytes() for path in secrets.iterdir()}
    single = [before[name] for name in ("admin_password", "secret_key", "postgres_password", "rabbitmq_password")]
    assert len(set(single)) == 4
    assert all(len(text.strip()) == 48 for text in single)
    postgres, rabbitmq = (before[f"{name}_password"].decode().strip() for name in ("postgres", "rabbitmq"))
    assert urlsplit(before["store_url"].decode().strip()).password == postgres
    assert urlsplit(before["queue_url"].decode().strip()).password == rabbitmq
    assert f"default_pass = {rabbitmq}\n" in before["rabbitmq_user"].decode()
    (secrets / "queue_url").unlink()
    subprocess.run(["sh", "make-secrets.sh"], cwd=secrets.parent, check=True, capture_output=True)
    assert {path.name: path.read_bytes() for path in secrets.iterdir()} == before
    assert (secrets.parent / ".env").read_text() == "SECRETS=./secrets\n"
    ignored = (ROOT / ".gitignore").read_text().split()
    assert {"docker/secrets/", "docker/.env"} <= set(ignored)


def test_services_are_told_one_user(secrets: Path) -> None:
    """User, database and virtual host of the URLs are those that the images make."""
    environment = SERVICES["postgres"]["environment"]
    store = urlsplit((secrets / "store_url").read_text().strip())
    assert (store.username, store.path) == (environment["POSTGRES_USER"], "/" + environment["POSTGRES_DB"])
    told = dict(line.split(" = ") for line in (secrets / "rabbitmq_user").read_text().splitlines())
    queue = urlsplit((secrets / "queue_url").read_text().strip())
    assert (queue.username, queue.path) == (told["default_user"], "/" + told["default_vhost"])
    assert SERVICES["rabbitmq"]["secrets"][0]["target"].startswith("/etc/rabbitmq/conf.d/")


def test_nodes_of_the_index_know_each_other() -> None:
    """Each by the name of its service, and each with a folder of its own."""
    nodes = [name for name in SERVICES if name.startswith("opensearch")]
    for name in nodes:
        environment = SERVICES[name]["environment"]
        assert environment["node.name"] == name
        for setting in ("discovery.seed_hosts", "cluster.initial_cluster_manager_nodes"):
            assert environment[setting].split(",") == nodes
        assert SERVICES[name]["volumes"] == [f"{name}:/usr/share/opensearch/data"]


def test_dockerfile_copies_what_is_there() -> None:
    """Everything that the wheel is made of, and nothing that .dockerignore holds back."""
    sources = [word for rest in given("COPY") if "--from" not in rest for word in rest.split()[:-1]]
    assert sorted(sources) == sorted([*PACKAGED, *LOCKS])
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert lines[0] == "*"
    assert sorted(line[1:] for line in lines if line[0] == "!") == sorted(sources)
    assert not [line for line in lines[1:] if line[0] != "!" and any(fnmatch(source, line) for source in sources)]


def test_dockerfile_fits_the_project() -> None:
    """A Python that setup.cfg takes and CI tests; the same in both stages; its command and port are ours."""
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    bases = [rest.split()[0] for rest in given("FROM")]
    assert len(bases) == 2
    assert len(set(bases)) == 1
    found = re.fullmatch(r"python:(\d+)\.(\d+)-slim-[a-z]+", bases[0])
    assert found is not None
    least = tuple(map(int, setup["options"]["python_requires"].removeprefix(">=").split(".")))
    assert (int(found[1]), int(found[2])) >= least
    assert f'"{found[1]}.{found[2]}"' in (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert json.loads(given("ENTRYPOINT")[0]) == ["logingestor"]
    assert json.loads(given("CMD")[0])[0] in COMMANDS
    assert given("EXPOSE") == [next(setting.default for setting in SETTINGS if setting.name == "PORT")]
    extras = setup["options.extras_require"]
    named = re.search(r"EXTRAS=(\w+)", (DOCKER / "README.md").read_text())
    assert named is not None
    assert given("ARG") == ['EXTRAS=""']
    assert {named[1]} <= {*extras, "sqs"}


def test_image_is_slim_and_nobodys_root() -> None:
    """The last stage installs nothing, takes only the finished environment, and ends as a user by number."""
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert not re.search(r"apt|gcc|curl|wget|pip install", last)
    assert "pip uninstall" in last
    assert re.findall(r"^COPY (\S+)", last, re.MULTILINE) == ["--from=build"]
    (user,) = given("USER")
    assert user.split(":")[0].isdigit()
    assert int(user.split(":")[0]) > 0
    assert not re.search(r"^(ENTRYPOINT|CMD)", last.partition("\nUSER ")[0], re.MULTILINE)


def test_shell_script_is_plain_sh() -> None:
    """It runs wherever Docker does: `sh -n` reads it, and nothing of bash is in it."""
    script = DOCKER / "make-secrets.sh"
    subprocess.run(["sh", "-n", str(script)], check=True)
    assert script.read_text().startswith("#!/bin/sh\n")
    assert not re.search(r"\[\[|\bfunction\b|<<<|\blocal\b", script.read_text())
