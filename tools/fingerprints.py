"""Short digests that name what something was made from."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any


def fingerprint(covered: Iterable[str], made_with: str) -> str:
    """Return a digest of what a profile is made from: the items' ids, in order, and `made_with`."""
    return digest([made_with, list(covered)])


def digest(parts: Any) -> str:
    """Return a short digest of JSON data."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
