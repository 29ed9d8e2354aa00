import ast
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from guided_profile.evals.online.code import KEYS, perform_eval_code, score_code
from guided_profile.evals.online.rules import found_in

RUNS: list[dict[str, Any]] = [
    {"inputs": {"question": "Q"}, "outputs": {"answer": {"kind": "abstained", "reason": "empty"}}},
    {
        "inputs": {"messages": [{"type": "human", "content": "How late is it?"}]},
        "outputs": {"answer": {"kind": "answered", "text": "Ten.", "used": ["Drinks tea."]}},
    },
    {"inputs": {}, "outputs": {"said": "of another program"}},
]


def test_the_function_for_langsmiths_page_says_what_the_rules_say() -> None:
    names: dict[str, Any] = {}
    exec(compile(perform_eval_code(), "evaluator", "exec"), names)
    assert [name for name in names if name != "__builtins__"] == ["perform_eval"]
    for run in RUNS:
        said = {key: score for key, (score, _) in found_in(run).items()}
        assert names["perform_eval"](run) == said
    assert names["perform_eval"](RUNS[0]) == {"abstained": 1, "abstention": 0, "doubt": 0}
    assert names["perform_eval"](RUNS[2]) == {}
    as_object = SimpleNamespace(**RUNS[0])
    assert names["perform_eval"](as_object) == names["perform_eval"](RUNS[0])


@pytest.mark.parametrize("key", KEYS)
def test_one_score_can_be_had_alone(key: str) -> None:
    names: dict[str, Any] = {}
    exec(compile(score_code(key), "evaluator", "exec"), names)
    evaluate = names[key.replace("-", "_")]
    for run in RUNS:
        score, why = found_in(run).get(key, (None, "no rule can tell"))
        assert evaluate(run) == {"score": score, "comment": why}


def test_it_imports_the_standard_library_alone() -> None:
    (function,) = ast.parse(perform_eval_code()).body
    assert isinstance(function, ast.FunctionDef)
    assert [argument.arg for argument in function.args.args] == ["run"]
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else name.name) or ""
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert imported
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
