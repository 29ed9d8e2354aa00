"""LangSmith clients: one that sends nothing at all, and one that a run can end without waiting for.

`aevaluate(upload_results=False)` alone still sends the runs' traces, and a client whose endpoint is
out of reach holds the process back for minutes when it ends.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from langsmith import Client
from langsmith.utils import (
    LangSmithAuthError,
    LangSmithConnectionError,
    LangSmithError,
)
from requests import RequestException
from urllib3.util import Retry

from guided_profile.graph.errors import ExperimentError, SettingsError
from guided_profile.tools.tracing import FLUSH_SECONDS, within

TIMEOUTS = 5_000, 20_000
"""To connect and to read, in milliseconds."""
RETRIES = Retry(
    total=3,
    connect=1,
    read=0,  # an endpoint that takes a request and never answers is not waited for again
    status_forcelist=(429, 500, 502, 503, 504),
    backoff_factor=0.5,
    allowed_methods=None,
    raise_on_status=False,
)
NOWHERE = "http://127.0.0.1:9"
"""The discard port of this machine, should anything ever be sent."""


def local_client() -> Client:
    """Return a client that makes no request, whatever the environment says of tracing."""
    return Client(
        api_url=NOWHERE,
        api_key="none",
        tracing_sampling_rate=0.0,
        info={},
        auto_batch_tracing=False,
        tracing_mode="langsmith",
    )


def remote_client(
    api_key: str, api_url: str | None = None, on_failure: Callable[[Exception], None] | None = None
) -> Client:
    """Return a client of LangSmith.

    Args:
        api_key: Of LangSmith.
        api_url: Of the endpoint; None: what the environment says, else LangSmith's own.
        on_failure: Called with what came of a batch of runs that could not be sent.
    """
    with explained():
        return Client(
            api_url=api_url,
            api_key=api_key,
            timeout_ms=TIMEOUTS,
            retry_config=RETRIES,
            tracing_sampling_rate=1.0,
            tracing_error_callback=on_failure,
        )


@contextmanager
def explained() -> Iterator[None]:
    """Turn what LangSmith's client raises into an error of ours.

    Raises:
        SettingsError: The key was refused.
        ExperimentError: LangSmith could not be reached, or refused something else.
    """
    try:
        yield
    except LangSmithAuthError as error:
        raise SettingsError(
            "LangSmith refused the key; check LANGSMITH_API_KEY and LANGSMITH_ENDPOINT."
        ) from error
    except (LangSmithConnectionError, RequestException) as error:
        raise ExperimentError(
            "LangSmith could not be reached; check LANGSMITH_ENDPOINT and give the same command "
            "again: what was answered is kept."
        ) from error
    except LangSmithError as error:  # its text may hold what was sent
        raise ExperimentError(
            f"LangSmith refused with {type(error).__name__}; GUIDED_PROFILE_LOG=debug shows more. "
            "Give the same command again: what was answered is kept."
        ) from error


def close(client: Client, patience: float = FLUSH_SECONDS) -> bool:
    """Send what is left, for as long as `patience` in seconds, and let go of the client.

    Returns:
        Whether all was sent, or at least tried.
    """
    queue = client.tracing_queue
    in_time = within(lambda: client.close(patience), patience + 2)
    return in_time and not (queue is not None and queue.unfinished_tasks)
