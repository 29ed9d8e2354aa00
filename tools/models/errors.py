"""What an endpoint's failure means, in one line that says what to do and quotes no prompt."""

import json

import httpx
import httpx2
import openai
from langchain_core import exceptions as langchain

from guided_profile.graph.errors import ModelError

NO_KEY = "none"
"""Sent to endpoints that want no key, since the client insists on one."""

NOT_OF_THE_API = "no reply of the OpenAI API"
"""What a ValueError says that is raised for a reply which is none; see `endpoint.sound`."""


class EndlessReplyError(httpx2.TransportError):
    """A reply that does not end: what came is thrown away."""

    def __init__(self) -> None:
        super().__init__("the reply does not end")


FAILURES = (
    openai.OpenAIError,
    langchain.ModelError,
    httpx.HTTPError,
    httpx2.HTTPError,
    TimeoutError,  # the whole call's
    RecursionError,  # JSON in JSON in JSON
    # ChatOpenAI raises these for replies that are not of the API: see `_is_nonsense`
    ValueError,
    KeyError,
    TypeError,
)
"""What a model or an embeddings endpoint may raise; hand it to `model_error`."""

_NONSENSE = (
    NOT_OF_THE_API,
    "while decoding a JSON",
    "Unexpected response type",
    "Response missing 'choices'",
    "null value for 'choices'",
    "No embedding data",
)

_TOO_LONG = ("context length", "context size", "context window", "context_length", "too long")

_ADVICE: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    (
        (openai.AuthenticationError, langchain.ModelAuthenticationError),
        "its endpoint refuses the API key: give one that it accepts (api_key or OPENAI_API_KEY)",
    ),
    (
        (openai.PermissionDeniedError, langchain.ModelPermissionDeniedError),
        "its endpoint does not let this API key use it: use another key or another model",
    ),
    (
        (openai.NotFoundError, langchain.ModelNotFoundError),
        "its endpoint has no such model or path: check the model's name, and that its "
        "address (base_url or OPENAI_BASE_URL) is the API's root, which mostly ends in /v1",
    ),
    (
        (openai.RateLimitError, langchain.ModelRateLimitError),
        "its endpoint still refuses after retries, for its rate limit or quota: wait, or raise it",
    ),
    (
        (
            openai.APITimeoutError,
            langchain.ModelTimeoutError,
            TimeoutError,
            httpx.TimeoutException,
            httpx2.TimeoutException,
        ),
        "its endpoint did not answer in time: try again, or use a faster model",
    ),
    (
        (
            openai.APIConnectionError,
            langchain.ModelConnectionError,
            httpx.TransportError,
            httpx2.TransportError,
        ),
        "its endpoint cannot be reached, or broke off: check its address (base_url or "
        "OPENAI_BASE_URL), and that it runs",
    ),
    (
        (openai.InternalServerError, langchain.ModelAPIError),
        "its endpoint failed after retries: look into its log, or try again later",
    ),
)


def model_error(error: Exception, name: str) -> ModelError | None:
    """Return what to raise for a failure of a model or embeddings endpoint.

    Args:
        error: One of FAILURES.
        name: The model's name.

    Returns:
        None if the error is not the endpoint's, but a bug: let it pass.
    """
    advice = _advice(error)
    if advice is None:
        return None
    status = error.status_code if isinstance(error, openai.APIStatusError) else None
    http = f" (HTTP {status})" if status else ""
    return ModelError(f"The model {name!r} gave no answer: {advice}{http}.")


def _advice(error: Exception) -> str | None:
    if _is_too_long(error):
        return (
            "the prompt is longer than its context: use a model with a longer one, or let the "
            "task see less history"
        )
    if _comes_from(error, EndlessReplyError):
        return "its endpoint's reply does not end: see whether it heeds max_tokens"
    for kinds, advice in _ADVICE:
        if isinstance(error, kinds):
            return advice
    if isinstance(error, openai.APIResponseValidationError) or _is_nonsense(error):
        return (
            "what its endpoint sent is not a reply of the OpenAI API: check that its address "
            "(base_url or OPENAI_BASE_URL) is the API's root, which mostly ends in /v1"
        )
    if isinstance(error, openai.APIError) and error.code:
        return f"its endpoint refuses the request with {error.code!r}: look into its log"
    refusals = openai.OpenAIError | langchain.ModelError | httpx.HTTPError | httpx2.HTTPError
    if isinstance(error, refusals):
        return "its endpoint refuses the request: look into its log"
    return None


def _comes_from(error: BaseException | None, kind: type[Exception]) -> bool:
    while error is not None and not isinstance(error, kind):
        error = error.__cause__
    return error is not None


def _is_too_long(error: Exception) -> bool:
    if isinstance(error, langchain.ContextOverflowError):
        return True
    message = str(error).lower()
    return isinstance(error, openai.APIError) and any(words in message for words in _TOO_LONG)


def _is_nonsense(error: Exception) -> bool:
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return True
    if isinstance(error, ValueError) and error.args and isinstance(error.args[0], dict):
        return True  # a reply that is `{"error": …}` under a status of success
    return any(words in str(error) for words in _NONSENSE)
