"""The clients: one that waits, and one for asyncio, with a method for each call."""

import asyncio
import copy
import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpx

from guided_profile.apps.bodies import Reply
from guided_profile.apps.client import calls
from guided_profile.apps.client.calls import Call
from guided_profile.apps.client.exchange import SECONDS, Events, Exchange, Stage

P = ParamSpec("P")
T = TypeVar("T")
Streamed = Generator[Stage | Reply, None, None]
"""The stages as they begin, and then what became of the question."""
AsyncStreamed = AsyncGenerator[Stage | Reply, None]
Method = TypeVar("Method", bound=Callable[..., Any])


def _plain(call: Callable[P, Call[T]]) -> Callable[Concatenate["Client", P], T]:
    def method(self: "Client", /, *args: P.args, **given: P.kwargs) -> T:
        return self._send(call(*args, **given))

    return _described_as(call, method)


def _streamed(
    call: Callable[P, Call[Reply]],
) -> Callable[Concatenate["Client", P], Streamed]:
    def method(self: "Client", /, *args: P.args, **given: P.kwargs) -> Streamed:
        return self._stream(call(*args, **given))

    return _described_as(call, method)


def _awaited(
    call: Callable[P, Call[T]],
) -> Callable[Concatenate["AsyncClient", P], Coroutine[Any, Any, T]]:
    def method(self: "AsyncClient", /, *args: P.args, **given: P.kwargs) -> Coroutine[Any, Any, T]:
        return self._send(call(*args, **given))

    return _described_as(call, method)


def _awaited_stream(
    call: Callable[P, Call[Reply]],
) -> Callable[Concatenate["AsyncClient", P], AsyncStreamed]:
    def method(self: "AsyncClient", /, *args: P.args, **given: P.kwargs) -> AsyncStreamed:
        return self._stream(call(*args, **given))

    return _described_as(call, method)


def _described_as(call: Callable[..., Any], method: Method) -> Method:
    """Give a method the name, the words and the arguments of its call, for `help`."""
    signature = inspect.signature(call)
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    named: Any = method
    named.__name__, named.__doc__ = call.__name__, call.__doc__
    named.__signature__ = signature.replace(
        parameters=[own, *signature.parameters.values()], return_annotation=inspect.Signature.empty
    )
    return method


class Client:
    """Asks a server, and waits for it.

        with Client("http://127.0.0.1:8000", key="gp_…") as server:
            server.add([{"text": "bought a steel wok", "source": "purchases"}])
            reply = server.ask("Which would I buy?", ["a wok", "a toaster"], task="preference")

    Every method raises a `ServerError` of the kind that says what to do. Requests may be sent from
    several threads.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        key: str | None = None,
        user: str | None = None,
        seconds: float | None = SECONDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Say where the server is; nothing is sent yet.

        Args:
            url: Its address; None: `GUIDED_PROFILE_URL`.
            key: An API key or a token; None: `GUIDED_PROFILE_API_KEY`, or none.
            user: Whose data it is about, for a key of the admin scope; None: the key's own user's.
            seconds: How long is waited for the next bytes of an answer; None: for ever.
            transport: What sends the requests, in place of httpx's own.

        Raises:
            SettingsError: The address or the key is none.
        """
        self._exchange = Exchange(url, key, user, seconds)
        self._http = httpx.Client(**self._exchange.connection(), transport=transport)

    def of(self, user: str) -> Self:
        """Return this client for another user's data; both share connections, and end together."""
        other = copy.copy(self)
        other._exchange = self._exchange.of(user)
        return other

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the connections."""
        self.close()

    add = _plain(calls.add)
    add_file = _plain(calls.add_file)
    formats = _plain(calls.formats)
    history = _plain(calls.history)
    delete_items = _plain(calls.delete_items)
    held = _plain(calls.held)
    release = _plain(calls.release)
    profile = _plain(calls.profile)
    make_profile = _plain(calls.make_profile)
    delete_profile = _plain(calls.delete_profile)
    pin = _plain(calls.pin)
    forbid = _plain(calls.forbid)
    correct = _plain(calls.correct)
    take_back = _plain(calls.take_back)
    wishes = _plain(calls.wishes)
    versions = _plain(calls.versions)
    ask = _plain(calls.ask)
    reply = _plain(calls.reply)
    stream = _streamed(calls.ask)
    stream_reply = _streamed(calls.reply)
    feedback = _plain(calls.feedback)
    export = _plain(calls.export)
    delete_everything = _plain(calls.delete_everything)
    me = _plain(calls.me)
    ready = _plain(calls.ready)

    def _send(self, call: Call[T]) -> T:
        try:
            response = self._http.request(**self._exchange.request(call))
        except httpx.RequestError as error:
            raise self._exchange.unreached(error) from None
        return self._exchange.read(call, response)

    def _stream(self, call: Call[Reply]) -> Streamed:
        events = Events(self._exchange, call)
        try:
            with self._http.stream(**self._exchange.streamed(call)) as response:
                if not response.is_success:
                    response.read()
                    self._exchange.read(call, response)
                for line in response.iter_lines():
                    if event := events.read(line):
                        yield event
        except httpx.RequestError as error:
            raise self._exchange.unreached(error) from None
        events.check_ended()


class AsyncClient:
    """The same for asyncio: `async with AsyncClient(…) as server`, `await server.ask(…)`.

    async for event in server.stream("Which would I buy?"):
        print(event)  # a `Stage` as each begins, and then the `Reply`
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        key: str | None = None,
        user: str | None = None,
        seconds: float | None = SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Say where the server is; nothing is sent yet. The arguments are those of `Client`.

        Raises:
            SettingsError: The address or the key is none.
        """
        self._exchange = Exchange(url, key, user, seconds)
        self._http = httpx.AsyncClient(**self._exchange.connection(), transport=transport)

    def of(self, user: str) -> Self:
        """Return this client for another user's data; both share connections, and end together."""
        other = copy.copy(self)
        other._exchange = self._exchange.of(user)
        return other

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(self, *error: object) -> None:
        """Close the connections."""
        await self.aclose()

    add = _awaited(calls.add)
    add_file = _awaited(calls.add_file)
    formats = _awaited(calls.formats)
    history = _awaited(calls.history)
    delete_items = _awaited(calls.delete_items)
    held = _awaited(calls.held)
    release = _awaited(calls.release)
    profile = _awaited(calls.profile)
    make_profile = _awaited(calls.make_profile)
    delete_profile = _awaited(calls.delete_profile)
    pin = _awaited(calls.pin)
    forbid = _awaited(calls.forbid)
    correct = _awaited(calls.correct)
    take_back = _awaited(calls.take_back)
    wishes = _awaited(calls.wishes)
    versions = _awaited(calls.versions)
    ask = _awaited(calls.ask)
    reply = _awaited(calls.reply)
    stream = _awaited_stream(calls.ask)
    stream_reply = _awaited_stream(calls.reply)
    feedback = _awaited(calls.feedback)
    export = _awaited(calls.export)
    delete_everything = _awaited(calls.delete_everything)
    me = _awaited(calls.me)
    ready = _awaited(calls.ready)

    async def _send(self, call: Call[T]) -> T:
        try:
            made = await asyncio.to_thread(self._exchange.request, call)
            response = await self._http.request(**made)
        except httpx.RequestError as error:
            raise self._exchange.unreached(error) from None
        return self._exchange.read(call, response)

    async def _stream(self, call: Call[Reply]) -> AsyncStreamed:
        events = Events(self._exchange, call)
        try:
            async with self._http.stream(**self._exchange.streamed(call)) as response:
                if not response.is_success:
                    await response.aread()
                    self._exchange.read(call, response)
                async for line in response.aiter_lines():
                    if event := events.read(line):
                        yield event
        except httpx.RequestError as error:
            raise self._exchange.unreached(error) from None
        events.check_ended()
