"""What the endpoints of some models refuse: found out by asking, and remembered."""

import weakref
from collections.abc import Mapping

from langchain_core import exceptions as langchain
from langchain_core.language_models import BaseChatModel

_OPTIONAL = ("logprobs", "temperature", "frequency_penalty")
"""Settings that are left out for an endpoint whose refusal names them: some have no log
probabilities, and reasoning models want no temperature and no penalty."""

_known_refusals: dict[int, tuple["weakref.ref[BaseChatModel]", set[str]]] = {}
"""What each model's endpoint refused, by the model's identity, since models cannot be hashed."""


def refused_setting(error: Exception, wanted: Mapping[str, float | None]) -> str | None:
    """Return the optional setting that an endpoint, or a client library, refuses by name."""
    import openai  # slow to import, and not every model needs it

    refusals = (
        openai.BadRequestError,
        openai.UnprocessableEntityError,
        langchain.ModelInvalidRequestError,
        TypeError,  # of a client library whose call has no such argument
    )
    if not isinstance(error, refusals):
        return None
    message = str(error).lower()
    return next(
        (name for name in _OPTIONAL if name in message and wanted.get(name) is not None), None
    )


def refused(chat: BaseChatModel) -> set[str]:
    """Return the names of the settings that a model's endpoint refused before."""
    known = _known_refusals.get(id(chat))
    return known[1] if known and known[0]() is chat else set()


def refuse(chat: BaseChatModel, setting: str) -> None:
    """Remember, for the life of the model object, that its endpoint refuses a setting."""
    _known_refusals[id(chat)] = weakref.ref(chat), {*refused(chat), setting}


def accepted(chat: BaseChatModel, settings: Mapping[str, float]) -> dict[str, float | None]:
    """Return the settings without those that a model's endpoint refused before."""
    wanted: dict[str, float | None] = dict(settings)
    known = refused(chat)
    if "logprobs" in known:
        wanted.pop("logprobs", None)
        wanted.pop("top_logprobs", None)
    if "frequency_penalty" in known:
        wanted.pop("frequency_penalty", None)
    if "temperature" in known:
        wanted["temperature"] = None  # overrides the model's own
    return wanted
