"""Every bench ends with one line where its model cannot be reached."""

import ast
import sys
from pathlib import Path

import pytest

from guided_profile.evals.benches import command, life, planted
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.models.calls import endpoint_model

BENCHES = Path(command.__file__).parent.glob("*.py")


@pytest.mark.parametrize("bench", [life, planted])
def test_an_endpoint_that_is_not_there_is_reported_in_one_line(
    bench: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = endpoint_model("m", base_url="http://127.0.0.1:9/v1", api_key=None)
    monkeypatch.setattr(bench, "chosen_models", lambda given: (nowhere, LexicalEmbedder()))
    monkeypatch.setattr(sys, "argv", ["bench"])
    with pytest.raises(SystemExit) as ended:
        bench.main()  # type: ignore[attr-defined]
    assert str(ended.value).startswith("error: ")
    assert "\n" not in str(ended.value)


def test_every_bench_ends_so() -> None:
    mains = [
        (path.name, node)
        for path in BENCHES
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name == "main"
    ]
    assert len(mains) > 10
    assert not [name for name, node in mains if not node.decorator_list]
