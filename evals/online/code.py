"""The rules as one function, for LangSmith's own evaluators.

    python -m guided_profile.evals.online.code              # all scores, for the page
    python -m guided_profile.evals.online.code restraint    # one of them, for `langsmith evaluator`

The first is a function `perform_eval(run)` that returns scores by name, as the page of an online
code evaluator takes it; the second is named after its score, and returns `score` and `comment`, as
LangSmith's command line uploads it. Both import the standard library alone, within the function,
and reach no network.
"""

import argparse
from importlib.resources import files
from textwrap import indent

from guided_profile.evals.online import rules

KEYS = (rules.ABSTAINED, rules.ABSTENTION, rules.RESTRAINT, rules.KEEPS, rules.DOUBT)
HEAD = '''def {name}(run):
    """Score a run of Guided Profile; made by guided_profile.evals.online.code."""
    if not isinstance(run, dict):
        run = {{name: getattr(run, name, None) for name in ("inputs", "outputs", "extra")}}
'''
ALL = """
    return {key: score for key, (score, _) in found_in(run).items()}
"""
ONE = """
    score, why = found_in(run).get({key!r}, (None, "no rule can tell"))
    return {{"score": score, "comment": why}}
"""


def perform_eval_code() -> str:
    """Return the source of the function that returns all scores."""
    return HEAD.format(name="perform_eval") + _rules() + ALL


def score_code(key: str) -> str:
    """Return the source of a function that returns one of the scores."""
    return HEAD.format(name=key.replace("-", "_")) + _rules() + ONE.format(key=key)


def _rules() -> str:
    path = files("guided_profile.evals.online") / "rules.py"
    return indent(path.read_text(encoding="utf-8"), "    ")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Print the rules as one function.")
    parser.add_argument("key", nargs="?", choices=KEYS, help="one score; left out: all")
    key = parser.parse_args().key
    print(score_code(key) if key else perform_eval_code(), end="")
