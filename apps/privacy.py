"""What LangSmith is told where tracing is on: all of it, or less, as GUIDED_PROFILE_TRACES says.

LangSmith's own switches hide inputs and outputs but not the texts of errors; these do.
"""

import hashlib
import re
from collections.abc import Callable
from typing import Any

import langsmith
from langsmith import Client
from langsmith.anonymizer import StringNodeRule, create_anonymizer

from guided_profile.apps.settings import Traces

TOLD = ("guided_profile_", "langgraph_", "ls_", "revision_id")
"""How the names of metadata begin that hold figures and names of parts, and nobody's text."""
PERSONAL = (
    (r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", "[email]"),
    (r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b", "[iban]"),
    (r"\b(?:\d[ -]?){13,19}\b", "[card]"),
    (r"\b(?:\d{1,3}\.){3}\d{1,3}\b", "[address]"),
    (r"(?<![\w.-])(?!\d{4}-\d\d-\d\d)\+?\(?\d{2,4}\)?(?:[ /-]?\d{2,4}){2,4}(?![\w.])", "[phone]"),
    (r"\b(?:https?|ftp)://\S+", "[link]"),
)
"""What is masked in texts: a pattern, and what stands in its place."""

_KIND = re.compile(r"\w+")


def limit_traces(traces: Traces) -> None:
    """Have this process's traces tell no more than the settings say; for `all`, change nothing."""
    if traces != "all":
        langsmith.configure(client=limited_client(traces))


def limited_client(traces: Traces, **options: Any) -> Client:
    """Return a LangSmith client that sends no more than the settings say.

    Args:
        traces: `hide`: the stages, their times and figures, and of an error its kind; `anonymize`:
            texts too, without what identifies a person.
        options: Of the client.
    """
    if traces == "hide":
        options |= {"hide_inputs": True, "hide_outputs": True}
    rules: list[StringNodeRule] = [
        {"pattern": re.compile(pattern), "replace": mask} for pattern, mask in PERSONAL
    ]
    masked = create_anonymizer(rules)
    keep: Callable[[Any], Any] = _figures if traces == "hide" else lambda x: masked(_nameless(x))
    return Client(anonymizer=keep, **options)


def _figures(told: dict[str, Any]) -> dict[str, Any]:
    """Return what is left of a run's metadata, or of its error."""
    if set(told) == {"error"}:
        kind = _KIND.match(str(told["error"]))
        return {"error": f"{kind[0] if kind else 'an error'} (hidden)"}
    return {name: fact for name, fact in told.items() if name.startswith(TOLD)}


def _nameless(told: Any) -> Any:
    """Return data with digests in the place of users' ids."""
    if isinstance(told, list):
        return [_nameless(one) for one in told]
    if not isinstance(told, dict):
        return told
    return {
        name: hashlib.sha256(str(one).encode()).hexdigest()[:12]
        if "user_id" in name and one
        else _nameless(one)
        for name, one in told.items()
    }
