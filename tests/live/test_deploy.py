"""What `docs/deploy.md` does in containers, with the same parts natively: back up, and go back."""

import json
from pathlib import Path
from typing import Any

import pytest
from chroma_server import ChromaServer
from endpoint import Endpoint
from postgres_server import postgres_server

from guided_profile.apps.cli.main import main

pytestmark = pytest.mark.live


def test_a_backup_of_all_parts_is_made_while_they_run_and_put_back(
    endpoint: type[Endpoint],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def told(*command: str) -> Any:
        assert main([*command, "--json"]) == 0, capsys.readouterr().err
        return json.loads(capsys.readouterr().out)

    def exported() -> dict[str, Any]:
        assert main(["export", "--user", "anna"]) == 0
        return {**json.loads(capsys.readouterr().out), "exported": ""}

    items = tmp_path / "anna.jsonl"
    items.write_text('{"text": "my cat Miso sleeps on my desk"}\n{"text": "a wok"}\n')
    old, new = ChromaServer(tmp_path / "chroma"), ChromaServer(tmp_path / "new chroma")
    backup = ["--chroma", str(tmp_path / "chroma")]
    with postgres_server() as first, postgres_server() as second:
        try:
            old.start()
            old.ready()
            monkeypatch.setenv("GUIDED_PROFILE_CHROMA_URL", old.url)
            monkeypatch.setenv("GUIDED_PROFILE_DATABASE_URL", first.url)
            (tmp_path / "data").mkdir(exist_ok=True)
            assert main(["add", str(items), "--user", "anna"]) == 0
            assert main(["profile", "--user", "anna", "--pin", "I sail."]) == 0
            assert main(["keys", "add", "--user", "anna"]) == 0
            capsys.readouterr()
            keys, kept = told("keys", "list"), exported()
            assert len(kept["items"]) == 2
            assert kept["profiles"]
            assert told("backup", str(tmp_path / "backup"), *backup)["files"] > 2

            monkeypatch.setenv("GUIDED_PROFILE_DATA", str(tmp_path / "new data"))
            monkeypatch.setenv("GUIDED_PROFILE_DATABASE_URL", second.url)
            there = ["restore", str(tmp_path / "backup"), "--chroma", str(tmp_path / "new chroma")]
            assert main(there) == 0
            capsys.readouterr()
            new.start()
            new.ready()
            monkeypatch.setenv("GUIDED_PROFILE_CHROMA_URL", new.url)
            assert told("keys", "list") == keys
            assert exported() == kept
            assert main(there) == 2
            assert "holds something; move it away first" in capsys.readouterr().err
        finally:
            old.kill()
            new.kill()
