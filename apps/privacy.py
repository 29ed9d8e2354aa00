"""What is sent to LangSmith where tracing is on: all, or less, as GUIDED_PROFILE_TRACES says.

LangSmith's own switches hide inputs and outputs but not the texts of errors; these do.
"""

import hashlib
import re
from collections.abc import Callable
from typing import Any

import langsmith
from langsmith import Client

from guided_profile.apps.masking import masked
from guided_profile.apps.settings import Traces

HARMLESS = frozenset(
    """
    guided_profile_task guided_profile_abstention guided_profile_confidence guided_profile_tries
    guided_profile_missed guided_profile_used guided_profile_held_back
    guided_profile_profile_version guided_profile_profile_use guided_profile_calls
    guided_profile_input_tokens guided_profile_cached_tokens guided_profile_output_tokens
    langgraph_node langgraph_step langgraph_triggers langgraph_path langgraph_checkpoint_ns
    langgraph_version langgraph_api_version revision_id
    ls_provider ls_model_name ls_model_type ls_temperature ls_max_tokens ls_integration
    ls_integration_version
    """.split()
)
"""The metadata that holds figures and names of parts, and nobody's text. Each is named: a server
adds who asks, and a client what it likes, under names that begin like these."""
_KIND = re.compile(r"\w+")


def limit_traces(traces: Traces) -> None:
    """Have this process's traces hold no more than the settings say; for `all`, change nothing."""
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
    keep: Callable[[Any], Any] = _figures if traces == "hide" else _nameless
    return Client(anonymizer=keep, **options)


def _figures(fields: dict[str, Any]) -> dict[str, Any]:
    """Return what is left of a run's metadata, or of its error."""
    if set(fields) == {"error"}:
        kind = _KIND.match(str(fields["error"]))
        return {"error": f"{kind[0] if kind else 'an error'} (hidden)"}
    return {name: fact for name, fact in fields.items() if name in HARMLESS}


def _nameless(fields: Any) -> Any:
    """Return data with digests in the place of users' ids, and with masks in its texts."""
    if isinstance(fields, str):
        return masked(fields)
    if isinstance(fields, list):
        return [_nameless(field) for field in fields]
    if not isinstance(fields, dict):
        return fields
    return {
        name: hashlib.sha256(str(field).encode()).hexdigest()[:12]
        if field and ("user_id" in name or name == "owner")  # a thread's, see `langgraph_auth`
        else _nameless(field)
        for name, field in fields.items()
    }
