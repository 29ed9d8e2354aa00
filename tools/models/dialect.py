"""What the endpoint of a model takes: found out from its refusals, and remembered.

A refusal seldom says plainly what is wrong, and some say nothing. So a refused request is sent
again without one thing after another, what its words name first; what the refusal goes away with is
left out from then on.
"""

import logging
import re
import weakref
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, TypeVar

from langchain_core import exceptions as langchain
from langchain_core.language_models import BaseChatModel

_log = logging.getLogger(__name__)

Request = dict[str, Any]
Result = TypeVar("Result")

MOST_TRIES = 16
"""A request is sent no more often than this while it is found out what its endpoint takes."""
LEAST_TOKENS, TOP = 16, 5
"""What is asked for where an endpoint wants more tokens, or reports on fewer, but not how many."""
_NEVER = (401, 404, 408, 409, 425, 429, 502, 503, 504)
"""The key, the model, its load: no setting is to blame."""
_UNNAMED = (400, 403, 422, 500, 501)
"""Under these, settings are tried even if the refusal names none."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One way in which endpoints differ."""

    name: str
    words: tuple[str, ...]
    """One of them stands in a refusal that means this."""
    change: Callable[[Request, int], Request | None]
    """Returns the request as such an endpoint takes it; None: it is that already."""
    does: str
    """What it says in the log."""
    bound: Callable[[Request, list[int]], int | None] | None = None
    """Finds, among the numbers of a refusal, the bound that it names."""
    default: int = 0
    tried: bool = True
    """Whether it is tried where a refusal does not name it."""


def _without(*names: str) -> Callable[[Request, int], Request | None]:
    def change(request: Request, _: int) -> Request | None:
        if not any(name in request for name in names):
            return None
        return {name: value for name, value in request.items() if name not in names}

    return change


def _renamed(old: str, new: str) -> Callable[[Request, int], Request | None]:
    def change(request: Request, _: int) -> Request | None:
        if request.get(old) is None:
            return None
        return {new if name == old else name: value for name, value in request.items()}

    return change


def _limit(request: Request) -> str | None:
    names = ("max_tokens", "max_completion_tokens")
    return next((name for name in names if isinstance(request.get(name), int)), None)


def _least_tokens(request: Request, least: int) -> Request | None:
    name = _limit(request)
    return {**request, name: least} if name and request[name] < least else None


def _fewer_alternatives(request: Request, most: int) -> Request | None:
    asked = request.get("top_logprobs")
    return {**request, "top_logprobs": most} if asked and asked > most else None


def _without_in_streams(request: Request, _: int) -> Request | None:
    streamed = request.get("stream") and request.get("logprobs")
    return _without("logprobs", "top_logprobs")(request, 0) if streamed else None


def _unstreamed(request: Request, _: int) -> Request | None:
    return _without("stream", "stream_options")(request, 0) if request.get("stream") else None


def _as_users_words(request: Request, _: int) -> Request | None:
    """Put what the system message says before the user's first words."""
    messages = request.get("messages") or []
    said = [m["content"] for m in messages if m["role"] in ("system", "developer")]
    rest = [m for m in messages if m["role"] not in ("system", "developer")]
    if not said or not rest or not all(isinstance(text, str) for text in said):
        return None
    first = rest[0]["content"]
    words = "\n\n".join(said)
    content = (
        f"{words}\n\n{first}"
        if isinstance(first, str)
        else [{"type": "text", "text": words}, *first]
    )
    return {**request, "messages": [{**rest[0], "content": content}, *rest[1:]]}


ADJUSTMENTS = (
    Adjustment(
        "least_tokens",
        ("token",),
        _least_tokens,
        "wants at least {n} tokens: it is asked for so many",
        lambda request, numbers: min(
            (n for n in numbers if request[_limit(request) or ""] < n <= 1024), default=None
        ),
        LEAST_TOKENS,
    ),
    Adjustment(
        "max_completion_tokens",
        ("max_tokens",),
        _renamed("max_tokens", "max_completion_tokens"),
        "wants max_completion_tokens in the place of max_tokens",
    ),
    Adjustment(
        "max_tokens",
        ("max_completion_tokens",),
        _renamed("max_completion_tokens", "max_tokens"),
        "wants max_tokens in the place of max_completion_tokens",
    ),
    Adjustment(
        "stream_options",
        ("stream_options", "include_usage"),
        _without("stream_options"),
        "refuses stream_options: of what it streams the cost is not known",
    ),
    Adjustment(
        "logprobs_in_streams",
        ("logprob",),
        _without_in_streams,
        "gives no log probabilities of what it streams",
    ),
    Adjustment(
        "top_logprobs",
        ("logprob",),
        _fewer_alternatives,
        "gives the probability of {n} tokens at most: less likely letters count as nothing",
        lambda request, numbers: max(
            (n for n in numbers if 0 < n < request["top_logprobs"]), default=None
        ),
        TOP,
    ),
    Adjustment(
        "logprobs",
        ("logprob",),
        _without("logprobs", "top_logprobs"),
        "refuses logprobs: the words of its replies count, and answers have no confidence",
    ),
    Adjustment(
        "temperature",
        ("temperature",),
        _without("temperature"),
        "refuses the temperature: its replies may differ from one time to the next",
    ),
    Adjustment(
        "frequency_penalty",
        ("penalty",),
        _without("frequency_penalty"),
        "refuses frequency_penalty: it may repeat itself",
    ),
    Adjustment(
        "grammar",
        ("grammar",),
        _without("grammar"),
        "takes no grammar: what nobody may write is left to its own choice",
    ),
    Adjustment(
        "seed",
        ("seed",),
        _without("seed"),
        "takes no seed: what it draws may differ from one time to the next",
    ),
    Adjustment(
        "reasoning_effort",
        ("reasoning", "effort", "think"),
        _without("reasoning_effort"),
        "refuses reasoning_effort: it reasons as much as it does by itself",
    ),
    Adjustment(
        "enable_thinking",  # DashScope, for replies that are not streamed
        ("enable_thinking",),
        lambda request, _: (
            None if "enable_thinking" in request else {**request, "enable_thinking": False}
        ),
        "thinks only in streams: it is asked not to think",
        tried=False,
    ),
    Adjustment(
        "system",
        ("system", "role", "developer", "instruction"),
        _as_users_words,
        "takes no system message: its words stand before the user's",
    ),
    Adjustment(
        "stream",
        ("stream",),
        _unstreamed,
        "does not stream: its answers come whole",
    ),
)
_EXTRAS = (
    "stream_options", "logprobs", "temperature", "frequency_penalty", "grammar", "seed",
    "reasoning_effort",
)  # fmt: skip
"""Left out together where leaving out one does not help; `logprobs` alone after a crash."""


UNWEIGHED, LONGEST_UNWEIGHED = 60.0, 3600.0
"""Seconds for which no probabilities are asked for after a reply without, at first and at most."""


@dataclass(slots=True, eq=False)
class Dialect:
    """What is known of the endpoint of one model.

    Threads and event loops may share it: each change is one assignment, and true by itself.
    """

    model: str
    """Named in the log."""
    in_client: bool = False
    """Whether the client itself sends what it says; else the stages ask for less."""
    own_address: bool = False
    """Whether the endpoint is named by its address: it may be llama.cpp, which takes grammars."""
    changes: dict[str, int] = field(default_factory=dict)
    """The names of the adjustments that are needed, with the bound of each."""
    unweighed_until: float = 0.0
    """Until when, by the monotonic clock, it is taken to say nothing of letters' probabilities."""
    unweighed_for: float = 0.0
    """The seconds of that; 0: its last reply that was asked for them had them."""
    begins_with_words: bool = False
    """Whether its replies begin with something else than the letter that was asked for."""
    thinks: bool = False
    """Whether its replies came after thoughts."""
    room: int = 0
    """Tokens that it is given for them, beside those of its answer."""
    read_whole: bool = False
    """Whether a reply was read from its beginning to its end."""
    unopened: bool = False
    """Whether it leaves out the mark that opens a thought."""
    lists: bool = True
    """Whether it judges many sentences at once, in JSON."""
    _taken: set[frozenset[str]] = field(default_factory=set)
    """Which settings it took together: a refusal of those that names none has another cause."""

    @property
    def weighs(self) -> bool:
        """Whether it says how likely letters are."""
        return monotonic() >= self.unweighed_until and "logprobs" not in self.changes

    @property
    def weighs_first(self) -> bool:
        """Whether it does so of the first token of a reply: it does not think before."""
        return self.weighs and not self.thinks

    def left_out_weights(self) -> None:
        """Note a reply without probabilities: they are asked for again, each time later.

        It may have been one of several servers behind an address, or a reply that was cut off.
        """
        self.unweighed_for = min(max(UNWEIGHED, 2 * self.unweighed_for), LONGEST_UNWEIGHED)
        self.unweighed_until = monotonic() + self.unweighed_for

    @property
    def takes_grammars(self) -> bool:
        """Whether a grammar may bind what it writes, as far as that is known."""
        return self.own_address and not self.thinks and "grammar" not in self.changes

    def adapt(self, request: Request) -> Request:
        """Return a request as the endpoint takes it, as far as that is known."""
        for adjustment in ADJUSTMENTS:
            if adjustment.name in self.changes:
                bound = self.changes[adjustment.name]
                request = adjustment.change(request, bound) or request
        return request

    def note(self, name: str, bound: int = 0) -> None:
        """Remember an adjustment, and say so once in the log."""
        if name not in self.changes:
            does = next(adjustment.does for adjustment in ADJUSTMENTS if adjustment.name == name)
            _log.warning("the endpoint of %r %s", self.model, does.format(n=bound))
        self.changes[name] = bound

    async def speak(
        self, request: Request, send: Callable[[Request, bool], Awaitable[Result]]
    ) -> Result:
        """Send a request so that the endpoint takes it.

        Args:
            request: As it would be sent if all endpoints were alike.
            send: Sends one; whether it is worth sending again what failed for no reason.

        Raises:
            Exception: What `send` raises, the first one where nothing helps.
        """
        wanted = self.adapt(request)
        try:
            done = await send(wanted, True)
        except Exception as error:
            refusal = _refusal(error)
            if refusal is None:
                raise
            found = await self._find(wanted, error, refusal, send)
            if found is None:
                raise
            done, wanted = found
        self._taken.add(frozenset(wanted))
        return done

    async def _find(
        self,
        wanted: Request,
        error: Exception,
        refusal: tuple[int, str],
        send: Callable[[Request, bool], Awaitable[Result]],
    ) -> tuple[Result, Request] | None:
        """Return a reply, and the request that it is to; None if nothing helps."""
        noted: dict[str, int] = {}
        met = {_form(refusal)}
        left = MOST_TRIES - 1
        candidates = self._candidates(wanted, *refusal)
        while candidates and left:
            left -= 1
            changes = candidates.pop(0)
            changed = _changed(wanted, changes)
            try:
                done = await send(changed, False)
            except Exception as again:
                other = _refusal(again)
                if other is None:
                    raise
                if _form(other) not in met:  # that was one reason: now the next
                    met.add(_form(other))
                    noted |= changes
                    wanted, refusal = changed, other
                    candidates = self._candidates(wanted, *refusal)
                continue
            for name, bound in (noted | changes).items():
                self.note(name, bound)
            return done, changed
        return None

    def _candidates(self, request: Request, status: int, words: str) -> list[dict[str, int]]:
        """Return what may help, the likeliest first."""
        numbers = [int(n) for n in re.findall(r"(?<![\w.])\d{1,6}(?![\w.]*\w)", words)]
        named: list[dict[str, int]] = []
        others: list[dict[str, int]] = []
        for adjustment in ADJUSTMENTS:
            bound: int | None = adjustment.default
            if adjustment.change(request, adjustment.default) is None:
                continue
            is_named = any(word in words for word in adjustment.words)
            if adjustment.bound:
                bound = adjustment.bound(request, numbers)
                is_named = is_named and bound is not None
            if is_named or adjustment.tried:
                (named if is_named else others).append(
                    {adjustment.name: bound or adjustment.default}
                )
        if status not in _UNNAMED or frozenset(request) in self._taken:
            return named
        extras = {name: 0 for other in others for name in other if name in _EXTRAS}
        together = [extras] if len(extras) > 1 else []
        if status >= 500:  # a crash: what is asked seldom is the cause, and each try is slow
            return [*named, *(other for other in others if "logprobs" in other), *together]
        return [*named, *others, *together]


def _changed(request: Request, changes: Mapping[str, int]) -> Request:
    for adjustment in ADJUSTMENTS:
        if adjustment.name in changes:
            request = adjustment.change(request, changes[adjustment.name]) or request
    return request


def _form(refusal: tuple[int, str]) -> tuple[int, str]:
    """Return a refusal without the numbers and ids that differ from one to the next."""
    status, words = refusal
    return status, re.sub(r"\S*\d\S*", "#", words)


def _refusal(error: Exception) -> tuple[int, str] | None:
    """Return the status and the words of a refusal that a setting may be the cause of."""
    import openai  # slow to import, and not every model needs it

    from guided_profile.tools.models.errors import is_too_long, words_of

    if isinstance(error, openai.APIStatusError):
        if error.status_code in _NEVER or is_too_long(error):
            return None
        param = error.param if isinstance(error.param, str) else ""
        return error.status_code, f"{words_of(error)} {param}".casefold()
    if isinstance(error, langchain.ModelInvalidRequestError):
        return 400, str(error).casefold()
    if isinstance(error, TypeError):  # of a client library whose call has no such argument
        return 0, str(error).casefold()
    return None


_of_endpoints: dict[tuple[str, str], Dialect] = {}
_of_others: dict[int, tuple["weakref.ref[BaseChatModel]", Dialect]] = {}
"""By the model's identity, since models cannot be hashed."""


def dialect_at(base_url: str | None, model: str) -> Dialect:
    """Return what is known of a model at an endpoint; all that ask it learn together."""
    known = Dialect(model, in_client=True, own_address=bool(base_url))
    return _of_endpoints.setdefault((base_url or "", model), known)


def dialect_of(chat: BaseChatModel) -> Dialect:
    """Return what is known of a model's endpoint, as long as the model lives at least."""
    own = getattr(chat, "dialect", None)
    if isinstance(own, Dialect):
        return own
    known = _of_others.get(id(chat))
    if known is None or known[0]() is not chat:
        name = getattr(chat, "model_name", None) or chat._llm_type
        known = _of_others[id(chat)] = weakref.ref(chat), Dialect(str(name))
    return known[1]


def forget_all() -> None:
    """Forget what is known of all endpoints, as a new process does."""
    _of_endpoints.clear()
