"""The runs that a LangSmith project traced, of a server old or new."""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from langsmith import Client
from packaging.version import InvalidVersion, Version

PAGE = 100
TRIES = 3
NEW = Version("0.16.0")
"""The first server that has `runs.query_v2`; `list_runs`, for older ones, goes in 2027."""
OLD_FIELDS = (
    "id name run_type start_time end_time trace_id dotted_order session_id inputs outputs extra"
).split()


@dataclass(frozen=True, slots=True)
class TracedRun:
    """A run, as far as it is scored."""

    id: UUID
    project: UUID
    start_time: datetime
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    extra: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return it as LangSmith hands it to a code evaluator."""
        return {"inputs": self.inputs, "outputs": self.outputs, "extra": self.extra}


def traced_runs(
    client: Client, project: UUID, *, since: datetime, most: int | None
) -> Iterator[TracedRun]:
    """Yield the runs of a project that no other run began, and that did not fail.

    Args:
        client: Of LangSmith.
        project: Its id.
        since: When the oldest of them began.
        most: How many; None: all.

    Raises:
        LangSmithError: The server could not be reached, or refused.
    """
    runs = (_new if _is_new(client.info.version) else _old)(client, project, since)
    yield from islice(runs, most)


def _new(client: Client, project: UUID, since: datetime) -> Iterator[TracedRun]:
    """Ask as `client.runs.query_v2` does, whose connections nobody can close."""
    base = client.api_url.rstrip("/").removesuffix("/v1").removesuffix("/api")
    asked: dict[str, Any] = {
        "project_ids": [str(project)],
        "is_root": True,
        "has_error": False,
        "min_start_time": since.isoformat(),
        "page_size": PAGE,
        "selects": ["ID", "START_TIME", "INPUTS", "OUTPUTS", "EXTRA", "METADATA"],
    }
    while True:
        page = client.request_with_retries(
            "POST", f"{base}/api/v2/runs/query", json=asked, stop_after_attempt=TRIES
        ).json()
        for run in page.get("items") or ():
            yield _traced(project, run)
        asked["cursor"] = page.get("next_cursor")
        if not asked["cursor"]:
            return


def _traced(project: UUID, run: Mapping[str, Any]) -> TracedRun:
    noted = {"metadata": run["metadata"]} if run.get("metadata") else {}
    return TracedRun(
        UUID(run["id"]),
        project,
        datetime.fromisoformat(run["start_time"]),
        run.get("inputs") or {},
        run.get("outputs") or {},
        {**(run.get("extra") or {}), **noted},
    )


def _old(client: Client, project: UUID, since: datetime) -> Iterator[TracedRun]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"list_runs\(\) is deprecated")
        runs = client.list_runs(
            project_id=project, is_root=True, error=False, start_time=since, select=OLD_FIELDS
        )
    for run in runs:
        yield TracedRun(
            run.id, project, run.start_time, run.inputs or {}, run.outputs or {}, run.extra or {}
        )


def _is_new(version: str | None) -> bool:
    try:
        return not version or Version(version) >= NEW
    except InvalidVersion:
        return True
