"""compose.yaml, its image and its settings, held to the rules where there is no Docker too."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from endpoint import Endpoint
from listening import listening
from ports import free_port

from guided_profile.apps.cli.main import parse

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
EXAMPLE = dict(
    line.split("=", 1)
    for line in (ROOT / ".env.example").read_text().splitlines()
    if line and not line.startswith("#")
)
SECRET = re.compile(r"PASSWORD|SECRET|KEY")
ALWAYS = {"server", "chroma", "postgres"}
services = pytest.mark.parametrize("name", SERVICES)


def test_what_runs_by_itself_is_the_server_and_its_two_stores() -> None:
    assert {name for name, one in SERVICES.items() if "profiles" not in one} == ALWAYS
    assert SERVICES["model"]["profiles"] == ["local"]
    assert set(SERVICES["server"]["depends_on"]) == ALWAYS - {"server"}
    for name, one in SERVICES["server"]["depends_on"].items():
        assert one == {"condition": "service_healthy"}, name


@services
def test_nobody_in_it_is_root_or_may_become_it(name: str) -> None:
    one = SERVICES[name]
    assert one["user"].partition(":")[0] not in ("", "root", "0")
    assert one["cap_drop"] == ["ALL"]
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert not one.get("privileged")


@services
def test_each_says_whether_it_is_well(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    if name == "cli":
        assert check == {"disable": True}  # it is gone when its command is
        return
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "retries", "start_period"} <= set(check)


@services
def test_images_are_named_by_version(name: str) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert SERVICES[name]["image"] in (f"guided-profile:{version}", "postgres:17.6-trixie")
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim-trixie", bases[0])
    assert "postgresql-client-17" in DOCKERFILE  # pg_dump of the server's version


@services
def test_what_it_keeps_is_in_volumes_that_its_user_may_write(name: str) -> None:
    mounts = dict(one.split(":")[:2] for one in SERVICES[name].get("volumes", []))
    named = {one for one in mounts if not one.startswith("./")}
    assert named <= set(COMPOSE["volumes"])
    if name == "postgres":
        assert mounts == {"postgres": "/var/lib/postgresql/data"}
        return
    (made,) = re.findall(r"install -d -m 700 -o app -g app (.*)", DOCKERFILE)
    assert set(mounts.values()) <= set(made.split())
    assert "USER 10001:10001" in DOCKERFILE
    assert SERVICES[name]["user"] == "10001:10001"
    assert SERVICES[name]["read_only"]


def test_no_secret_stands_in_it_or_in_the_example() -> None:
    for name, one in SERVICES.items():
        for variable, value in one.get("environment", {}).items():
            if SECRET.search(variable):
                assert re.fullmatch(r"\$\{\w+(:-|:\?[^}]*)\}", value), (name, variable)
    assert re.search(r"postgresql://\w+:\$\{POSTGRES_PASSWORD:\?", TEXT)
    assert not {name for name, value in EXAMPLE.items() if SECRET.search(name) and value}
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()
    assert (ROOT / ".dockerignore").read_text().startswith("*\n")


def test_its_settings_are_ours_and_the_example_has_what_has_to_be_set() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "apps").rglob("*settings.py"))
    for one in SERVICES.values():
        for variable in one.get("environment", {}):
            ours = variable.removeprefix("GUIDED_PROFILE_")
            known = f'"{ours}"' in sources or f'"{variable}"' in sources
            assert known or variable.startswith("POSTGRES_"), variable
    needed = set(re.findall(r"\$\{(\w+):\?", TEXT))
    assert needed <= set(EXAMPLE)
    assert set(EXAMPLE) <= set(re.findall(r"\$\{(\w+)", TEXT))


def test_whatever_may_be_set_reaches_what_it_is_for_and_the_proxys_is_in_the_example() -> None:
    settings = (ROOT / "docs" / "settings.md").read_text()
    known = set(re.findall(r"`((?:GUIDED_PROFILE|OPENAI)_[A-Z_]+)`", settings))
    fixed = {f"GUIDED_PROFILE_{name}" for name in ("DATA", "KEYS", "DEFAULT_USER")}
    of = {name: set(one.get("environment", {})) for name, one in SERVICES.items()}
    assert known - fixed <= of["proxy"] | of["model"]
    assert of["server"] == of["cli"] < of["proxy"]
    example = (ROOT / ".env.example").read_text()
    for variable in of["proxy"] - of["server"]:
        assert f"# {variable}=" in example, variable
    source = (ROOT / "apps" / "proxy" / "settings.py").read_text()
    read = set(re.findall(r'(?:value|header)\("([A-Z_]+)"\)', source))
    assert {f"GUIDED_PROFILE_{name}" for name in read} == of["proxy"] - of["server"]


def test_its_commands_are_ours() -> None:
    for name, one in SERVICES.items():
        _, *given = one.get("command", [""])
        if one.get("command", [""])[0] == "guided-profile":
            assert parse(given).host == "0.0.0.0", name  # within the container
    for command in re.findall(r'^CMD \["guided-profile", (.*)\]', DOCKERFILE, re.MULTILINE):
        assert parse(re.findall(r'"(.*?)"', command)).command == "serve"


def test_the_image_has_all_that_the_wheel_is_made_of() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = set(setuptools["package-dir"].values())
    copied = {
        one
        for line in re.findall(r"^COPY (?!--)(.*) \S+$", DOCKERFILE, re.MULTILINE)
        for one in line.split()
    }
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}
    assert copied == sent
    assert copied - folders == {"pyproject.toml", "constraints.txt", "README.md", "LICENSE"}
    assert folders <= copied
    assert {name for name, _ in re.findall(r"^COPY (\w+) (\w+)$", DOCKERFILE, re.M)} == folders


def checked(name: str, port: int) -> int:
    """Run the health check of a service against a port of this machine; return its exit code."""
    _, program, *given = SERVICES[name]["healthcheck"]["test"]
    assert program == "python"
    code = re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{port}", given[-1])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    return done.returncode


def test_the_health_check_of_the_server_tells_up_from_down(endpoint: type[Endpoint]) -> None:
    with listening() as url:
        assert checked("server", int(url.rpartition(":")[2])) == 0
    assert checked("server", free_port()) != 0


@pytest.mark.skipif(
    shutil.which("docker") is None
    or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode != 0,
    reason="needs docker compose",
)
def test_docker_compose_reads_it(tmp_path: Path) -> None:
    command = ["docker", "compose", "--file", str(ROOT / "compose.yaml")]
    (tmp_path / "none").touch()
    (tmp_path / "set").write_text("POSTGRES_PASSWORD=of-the-test\n")
    for given, code in (("set", 0), ("none", 1)):
        profiles = [part for one in ("local", "proxy", "cli") for part in ("--profile", one)]
        files = ["--env-file", str(tmp_path / given)]
        done = subprocess.run(
            [*command, *files, *profiles, "config", "--quiet"], capture_output=True, text=True
        )
        assert min(done.returncode, 1) == code, done.stderr
    assert "see .env.example" in done.stderr
