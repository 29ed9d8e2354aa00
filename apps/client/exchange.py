"""One request and its answer: what is sent, what is read, and in our words what went wrong."""

import copy
import json
import os
from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from guided_profile.apps.bodies import Reply
from guided_profile.apps.client.calls import Call
from guided_profile.graph.errors import (
    ServerAccessError,
    ServerError,
    ServerInputError,
    ServerMissingError,
    ServerUnavailableError,
    SettingsError,
)

T = TypeVar("T")
SECONDS = 300.0
"""How long is waited for the next bytes of an answer: a small model may take its time."""
CONNECT_SECONDS = 10.0


class Stage(BaseModel):
    """A stage of the workflow that begins, with what it says of itself."""

    model_config = ConfigDict(extra="allow", frozen=True)

    stage: str


class Exchange:
    """What every request of a client has, and how its answers are read."""

    def __init__(
        self, url: str | None, key: str | None, user: str | None, seconds: float | None
    ) -> None:
        self.url = (url or os.environ.get("GUIDED_PROFILE_URL", "")).strip().rstrip("/")
        self.key = (key or os.environ.get("GUIDED_PROFILE_API_KEY", "")).strip()
        self.user, self.seconds = user, seconds
        try:
            parts = httpx.URL(self.url)
        except httpx.InvalidURL:
            parts = httpx.URL()
        if parts.scheme not in ("http", "https") or not parts.host or parts.userinfo:
            raise SettingsError(
                "the client needs the server's address, like http://127.0.0.1:8000, as its `url` "
                "or as GUIDED_PROFILE_URL; a key goes into `key` or GUIDED_PROFILE_API_KEY."
            )
        if not self.key.isascii() or not self.key.isprintable():
            raise SettingsError("the key holds characters that no key has; copy it again.")
        self._near = _is_this_machine(parts.host)

    def of(self, user: str) -> "Exchange":
        """Return the same for another user's data."""
        other = copy.copy(self)
        other.user = user
        return other

    def connection(self) -> dict[str, Any]:
        """Return what a client of httpx is made with."""
        return {
            "base_url": f"{self.url}/v1",
            "headers": {"Authorization": f"Bearer {self.key}"} if self.key else {},
            "timeout": httpx.Timeout(self.seconds, connect=CONNECT_SECONDS),
            # one user's would go with another's request
            "cookies": CookieJar(DefaultCookiePolicy(allowed_domains=())),
            "trust_env": not self._near,  # a proxy has no business with this machine's own
        }

    def request(self, call: Call[Any]) -> dict[str, Any]:
        """Return what a request of httpx is made with; this may read a file."""
        query = {"user": self.user, **call.query}
        made: dict[str, Any] = {
            "method": call.method,
            "url": call.path,
            "params": {name: value for name, value in query.items() if value is not None},
        }
        if call.body is not None:
            made["json"] = call.body
        if call.file is not None:
            file = call.file
            named = (file.name, file.read_bytes()) if isinstance(file, Path) else file
            made |= {"data": call.form, "files": {"file": named}}
        return made

    def streamed(self, call: Call[Any]) -> dict[str, Any]:
        """Return the same for an answer whose stages are sent as they begin."""
        return {**self.request(call), "headers": {"Accept": "text/event-stream"}}

    def read(self, call: Call[T], response: httpx.Response) -> T:
        """Return what an answer says.

        Fields that this version does not know are left aside: a newer server may send more.

        Raises:
            ServerError: The request was refused, or this is no answer to it.
        """
        if not response.is_success:
            raise self._refused(response)
        return self._parsed(call, response.content or b"null")

    def _parsed(self, call: Call[T], content: str | bytes) -> T:
        try:
            return call.result.validate_json(content, extra="ignore")
        except ValidationError:
            raise self._strange() from None

    def _refused(self, response: httpx.Response) -> ServerError:
        try:
            problem = response.json()
            code, message = str(problem["error"]), str(problem["message"])
        except (ValueError, KeyError, TypeError):
            return self._strange(response.status_code)
        return _error(response.status_code, code, message, response.headers)

    def _strange(self, status: int | None = None) -> ServerUnavailableError:
        what = "" if status is None else f" (HTTP {status})"
        return ServerUnavailableError(
            f"what {self.url} answers is not what a Guided Profile server does{what}; see that the "
            "address is right, and its version near to this one.",
            status=status,
        )

    def unreached(self, error: httpx.RequestError) -> ServerUnavailableError:
        """Return the error that says that no answer came."""
        if isinstance(error, httpx.ReadTimeout):
            return ServerUnavailableError(
                f"the server at {self.url} said nothing for {self.seconds:g} s; ask again, or give "
                "the client more `seconds`."
            )
        return ServerUnavailableError(
            f"the server at {self.url} is not reached ({type(error).__name__}); see that it runs "
            "and that the address is right."
        )


class Events:
    """The events of a streamed answer, read line by line."""

    def __init__(self, exchange: Exchange, call: Call[Reply]) -> None:
        self._exchange, self._call = exchange, call
        self._name = ""
        self.answered = False

    def read(self, line: str) -> Stage | Reply | None:
        """Take a line; return the event that it ends, if it ends one.

        Raises:
            ServerError: The server failed meanwhile, or this is no event of its.
        """
        name, _, value = line.partition(": ")
        if name == "event":
            self._name = value
        if name != "data":
            return None
        match self._name:
            case "stage":
                return self._stage(value)
            case "answer":
                self.answered = True
                return self._exchange._parsed(self._call, value)
            case "error":
                raise self._failed(value)
        return None  # of a newer server

    def _stage(self, value: str) -> Stage:
        try:
            return Stage.model_validate_json(value)
        except ValidationError:
            raise self._exchange._strange() from None

    def _failed(self, value: str) -> ServerError:
        try:
            problem = json.loads(value)
            code, message = str(problem["error"]), str(problem["message"])
        except (ValueError, KeyError, TypeError):
            return self._exchange._strange()
        return _error(None, code, message, {})

    def check_ended(self) -> None:
        """See that the answer came.

        Raises:
            ServerUnavailableError: It did not.
        """
        if not self.answered:
            raise ServerUnavailableError(
                f"the server at {self._exchange.url} ended before it answered; ask again."
            )


def _error(status: int | None, code: str, message: str, headers: Mapping[str, str]) -> ServerError:
    """Return the error of a refusal; one within a stream has no status."""
    wait = headers.get("Retry-After", "")
    kind: type[ServerError] = ServerUnavailableError
    if status in (401, 403):
        kind = ServerAccessError
    elif status in (404, 409):
        kind = ServerMissingError
    elif code == "bad_input" or (status != 429 and 400 <= (status or 0) < 500):
        kind = ServerInputError
    return kind(
        message, status=status, code=code, retry_after=float(wait) if wait.isdigit() else None
    )


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
