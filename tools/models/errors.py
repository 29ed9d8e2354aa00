"""What an endpoint's failure means, in one line that says what to do and quotes no prompt."""

import json
import re
from collections.abc import Iterable
from typing import Any

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

_CHANGE = "change what it names, use another model, or look into its log"
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


def model_error(
    error: Exception, name: str, sent: Iterable[str] | None = None
) -> ModelError | None:
    """Return what to raise for a failure of a model or embeddings endpoint.

    Args:
        error: One of FAILURES.
        name: The model's name.
        sent: The texts that it was sent: of a refusal's own words, none of theirs is quoted; None:
            nothing is quoted.

    Returns:
        None if the error is not the endpoint's, but a bug: let it pass.
    """
    advice = _advice(error)
    if advice is None:
        return None
    http = said = ""
    if isinstance(error, openai.APIStatusError):
        status = error.status_code
        http = f" (HTTP {status})"
        if sent is not None and (status < 500 or status == 501) and status not in _UNQUOTED:
            said = _quotable(words_of(error), sent)
    elif sent is not None and _is_error_in_reply(error):
        said = _quotable(_said(error.args[0]), sent)
    said = f' It says: "{said}"' if said else ""
    return ModelError(f"The model {name!r} gave no answer: {advice}{http}.{said}")


_UNQUOTED = (401, 408, 429)
"""The key, which some endpoints repeat, and what is not about the request."""
MOST_QUOTED = 300
"""Characters of an endpoint's own words."""


def words_of(error: openai.APIError) -> str:
    """Return what an endpoint says in its refusal; empty if it says nothing in words."""
    said = _said(error.body)
    return "" if said.lstrip().startswith("<") else said


def _said(body: Any) -> str:
    if isinstance(body, str):
        return body
    if isinstance(body, list):
        return "; ".join(filter(None, map(_said, body[:3])))
    if isinstance(body, dict):
        parts = (_said(body.get(name)) for name in ("message", "error", "detail", "msg"))
        return next(filter(None, parts), "")
    return ""


def _quotable(said: str, sent: Iterable[str]) -> str:
    """Return an endpoint's words in one line, without what repeats the prompt or looks like a key.

    Left out are three words of the prompt in a row, a single one that is written like a name or a
    number, and four letters in a row of a script without spaces.
    """
    prompt = " ".join(" ".join(sent).casefold().split())
    words = "".join(c if c.isprintable() else " " for c in said).split()
    bare = [re.sub(r"^\W+|\W+$", "", word) for word in words]
    gone: set[int] = set()
    for n, word in enumerate(bare):
        three = bare[n : n + 3]
        if len(three) == 3 and " ".join(three).casefold() in prompt:
            gone |= {n, n + 1, n + 2}
        if _KEY.search(word) or _is_of(prompt, word):
            gone.add(n)
    shown = " ".join("…" if n in gone else word for n, word in enumerate(words))
    shown = re.sub(r"…(?: …)+", "…", shown)
    return shown if len(shown) <= MOST_QUOTED else shown[:MOST_QUOTED] + "…"


def _is_of(prompt: str, word: str) -> bool:
    """Whether a word is written like a name or a number, or without spaces, and in the prompt."""
    if not word.isascii():
        return any(word[i : i + 4].casefold() in prompt for i in range(max(1, len(word) - 3)))
    named = len(word) > 2 and not word.islower()
    return named and bool(re.search(rf"\b{re.escape(word.casefold())}\b", prompt))


_KEY = re.compile(r"(?:^|\W)(?:sk|gsk|key|hf)[-_]\w{6,}|(?=\w*\d)(?=\w*[A-Za-z])\w{24,}")


def _advice(error: Exception) -> str | None:
    if is_too_long(error):
        return (
            "the prompt is longer than its context: use a model with a longer one, or let the "
            "task see less history"
        )
    if _comes_from(error, EndlessReplyError):
        return "its endpoint's reply does not end: see whether it heeds max_tokens"
    for kinds, advice in _ADVICE:
        if isinstance(error, kinds):
            return advice
    if _is_error_in_reply(error):
        return f"its endpoint refuses the request: {_CHANGE}"
    if isinstance(error, openai.APIResponseValidationError) or _is_nonsense(error):
        return (
            "what its endpoint sent is not a reply of the OpenAI API: check that its address "
            "(base_url or OPENAI_BASE_URL) is the API's root, which mostly ends in /v1"
        )
    if isinstance(error, openai.APIError) and error.code:
        return f"its endpoint refuses the request with {error.code!r}: {_CHANGE}"
    refusals = openai.OpenAIError | langchain.ModelError | httpx.HTTPError | httpx2.HTTPError
    if isinstance(error, refusals):
        return f"its endpoint refuses the request: {_CHANGE}"
    return None


def _comes_from(error: BaseException | None, kind: type[Exception]) -> bool:
    while error is not None and not isinstance(error, kind):
        error = error.__cause__
    return error is not None


def is_too_long(error: Exception) -> bool:
    """Whether an endpoint says that the prompt is longer than its context."""
    if isinstance(error, langchain.ContextOverflowError):
        return True
    message = str(error).lower()
    return isinstance(error, openai.APIError) and any(words in message for words in _TOO_LONG)


def _is_nonsense(error: Exception) -> bool:
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return True
    return any(words in str(error) for words in _NONSENSE)


def _is_error_in_reply(error: Exception) -> bool:
    """Whether the endpoint replied with `{"error": …}` under a status of success."""
    return isinstance(error, ValueError) and bool(error.args) and isinstance(error.args[0], dict)
