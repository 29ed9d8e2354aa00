"""The TypeScript client against a live server; it needs Node, and `npm ci` in its folder."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from endpoint import Endpoint
from listening import listening
from server_client import token

CLIENT = Path(__file__).parents[2] / "clients" / "typescript"

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(
        shutil.which("node") is None or not (CLIENT / "node_modules").is_dir(),
        reason="needs Node, and `npm ci` in clients/typescript",
    ),
]


def test_it_asks_a_server_what_there_is_to_ask(added: type[Endpoint], tmp_path: Path) -> None:
    build = tmp_path / "build"
    compiled = ["node_modules/.bin/tsc", "-p", "tsconfig.test.json", "--outDir", str(build)]
    done = subprocess.run(compiled, cwd=CLIENT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    (build / "package.json").write_text('{"type": "module"}')
    (build / "node_modules").symlink_to(CLIENT / "node_modules")
    with listening() as url:
        environment = os.environ | {"GUIDED_PROFILE_URL": url, "GUIDED_PROFILE_API_KEY": token()}
        command = ["node", "--test", str(build / "test")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    assert "# pass 6" in done.stdout
