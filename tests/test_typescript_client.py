"""The TypeScript client fits the server, as far as can be seen without Node."""

import copy
import importlib.util
import json
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
CLIENT = ROOT / "clients" / "typescript"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    found = importlib.util.spec_from_file_location("generate", CLIENT / "generate.py")
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_its_types_are_made_from_the_routes_as_they_are(generate: ModuleType) -> None:
    there = generate.SCHEMA.read_text().partition("\n")[0]
    told = "the routes have changed: `make client` makes the types of the TypeScript client anew"
    assert there == generate.first_line(generate.openapi()), told


def test_a_field_more_is_seen_and_other_words_are_not(generate: ModuleType) -> None:
    told = generate.openapi()
    worded, wider = copy.deepcopy(told), copy.deepcopy(told)
    worded["paths"]["/v1/ask"]["post"]["summary"] = "Ask away"
    assert generate.first_line(worded) == generate.first_line(told)
    wider["components"]["schemas"]["KnownTask"]["properties"]["more"] = {"type": "string"}
    assert generate.first_line(wider) != generate.first_line(told)
    del wider["components"]["schemas"]["KnownTask"]["properties"]["more"]
    assert generate.first_line(wider) == generate.first_line(told)
    del wider["components"]["schemas"]["KnownTask"]["properties"]["description"]
    assert generate.first_line(wider) != generate.first_line(told)


def test_its_package_is_of_this_version_and_names_no_registry() -> None:
    package = json.loads((CLIENT / "package.json").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert package["version"] == project["version"]
    locked = json.loads((CLIENT / "package-lock.json").read_text())["packages"]
    for name, version in {**package["dependencies"], **package["devDependencies"]}.items():
        assert locked[f"node_modules/{name}"]["version"] == version
    for name, one in locked.items():
        assert "resolved" not in one, name
        assert not name or one["integrity"].startswith("sha512-"), name
