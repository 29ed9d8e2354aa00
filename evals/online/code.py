"""The rules as one function, for LangSmith's own page of code evaluators.

    python -m guided_profile.evals.online.code

prints it. There it is pasted as it is: an online evaluator of a tracing project is a function
`perform_eval(run)` that imports the standard library alone, reaches no network, and returns scores
by name.
"""

from importlib.resources import files
from textwrap import indent

HEAD = '''def perform_eval(run):
    """Score a run of Guided Profile; made by guided_profile.evals.online.code."""
'''
TAIL = """
    return {key: score for key, (score, _) in found_in(run).items()}
"""


def perform_eval_code() -> str:
    """Return the source of the function."""
    rules = (files("guided_profile.evals.online") / "rules.py").read_text(encoding="utf-8")
    return HEAD + indent(rules, "    ") + TAIL


if __name__ == "__main__":
    print(perform_eval_code(), end="")
