"""Short digests that name what something was made from."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from guided_profile.graph.prompts import prompts_digest
from guided_profile.graph.tasks import Task


def fingerprint(covered: Iterable[str], made_with: str) -> str:
    """Return a digest of what a profile is made from: the items' ids, in order, and `made_with`."""
    return digest([made_with, list(covered)])


def made_with(task: Task, *, model: str, verifier: str) -> str:
    """Return a digest of all that a profile is made with beside the items: what makes it stale.

    Args:
        task: The task, with the run's switches.
        model: Names the model that writes it.
        verifier: Names the verifier that judges it.
    """
    return digest([task.recipe, prompts_digest(), model, verifier])


def digest(parts: Any) -> str:
    """Return a short digest of JSON data."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
