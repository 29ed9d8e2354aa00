"""The engine without calls: requests to a file, replies from files, stage by stage.

The files are those of the OpenAI Batch API, which vLLM's `run-batch` takes too. The workflow runs
as always, on a model whose connection is the files: a request that a file answers gets its reply,
any other is written down, and its user waits. A request is named by what it asks, so the same
command with the replies goes on by itself from stage to stage.
"""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any, BinaryIO

import httpx2
from langchain_core.language_models import BaseChatModel

from guided_profile.apps.bulk.base import BuildInput, BuildResult
from guided_profile.apps.bulk.maker import Maker
from guided_profile.graph.errors import InputError
from guided_profile.tools.models.calls import endpoint_model

MOST_REQUESTS = 50_000
MOST_BYTES = 190 * 2**20
"""Of one file; the API takes 50,000 requests and 200 MB."""
TOGETHER = 0.05
"""Seconds that a request leaves for others of the same user to come, before it waits."""

_waiting: ContextVar[list[str] | None] = ContextVar("waiting", default=None)


class Replies:
    """The replies in result files; memory holds where each of them stands."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Read the files; of several replies to one request, the last counts.

        Raises:
            InputError: One cannot be read, or is no result file.
        """
        self._files: list[BinaryIO] = []
        self._at: dict[str, tuple[int, int]] = {}
        self.refused = 0
        """Requests that failed at the endpoint, and so are asked again."""
        for path in paths:
            try:
                self._files.append(path.open("rb"))
                self._index(len(self._files) - 1)
            except (OSError, ValueError, KeyError, TypeError) as error:
                self.close()
                raise InputError(
                    f"{str(path)!r} is no result file of a batch that can be read: {error}."
                ) from error

    def get(self, name: str) -> tuple[int, Any] | None:
        """Return the status and the body that answer a request; None: it is not answered."""
        if name not in self._at:
            return None
        number, offset = self._at[name]
        self._files[number].seek(offset)
        response = json.loads(self._files[number].readline())["response"]
        return response["status_code"], response["body"]

    def close(self) -> None:
        """Close the files."""
        for file in self._files:
            file.close()

    def _index(self, number: int) -> None:
        offset = 0
        for line in self._files[number]:
            if line.strip():
                record = json.loads(line)
                name, response = str(record["custom_id"]), record["response"]
                # where the request itself is refused, the workflow handles or reports it
                if response and response["status_code"] < 500 and response["status_code"] != 429:
                    self._at[name] = (number, offset)
                else:
                    self.refused += 1
            offset += len(line)


class Requests:
    """The requests that nothing answers yet, each once, in files that appear when all are there."""

    def __init__(self, path: Path | None) -> None:
        """Take the first file's path; None: requests are only counted.

        Raises:
            InputError: There is a file already, or none can be written there.
        """
        if path:
            _check_new(path)
        self._path = path
        self._names: set[str] = set()
        self._files: list[tuple[Path, BinaryIO]] = []
        self._size = 0

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._names)

    def add(self, name: str, body: Any) -> None:
        """Write a request down, if it is new."""
        if name in self._names:
            return
        asked = {
            "custom_id": name,
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": body,
        }
        line = (json.dumps(asked, ensure_ascii=False) + "\n").encode()
        full = len(self._names) % MOST_REQUESTS == 0 or self._size + len(line) > MOST_BYTES
        if self._path and full:
            self._begin(self._path)
        self._names.add(name)
        self._size += len(line)
        if self._files:
            self._files[-1][1].write(line)

    def finish(self) -> list[Path]:
        """Give the files their names; return them."""
        for path, file in self._files:
            file.close()
            Path(file.name).replace(path)
        return [path for path, _ in self._files]

    def close(self) -> None:
        """Drop what was not finished."""
        for _, file in self._files:
            file.close()
            Path(file.name).unlink(missing_ok=True)

    def _begin(self, first: Path) -> None:
        number = len(self._files) + 1
        path = first if number == 1 else first.with_stem(f"{first.stem}-{number}")
        self._files.append((path, _part(path).open("wb")))
        self._size = 0


def _check_new(path: Path) -> None:
    """Refuse a file that is there, or whose place cannot be written to, before the first call.

    Raises:
        InputError: It is refused.
    """
    try:
        if path.exists():
            raise InputError(f"{str(path)!r} is there already; name another file with --batch-out.")
        _part(path).open("wb").close()
        _part(path).unlink()
    except OSError as error:
        raise InputError(
            f"the requests {str(path)!r} cannot be written: {error}; name another file with "
            "--batch-out."
        ) from error


def _part(path: Path) -> Path:
    """Return what a file of requests is called until all of them are there."""
    return path.with_name(path.name + ".part")


class _Files(httpx2.AsyncBaseTransport):
    """Stands where the connection to the endpoint would."""

    def __init__(self, replies: Replies, requests: Requests) -> None:
        self._replies, self._requests = replies, requests

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(await request.aread())
        asked = json.dumps(body, sort_keys=True)
        name = hashlib.sha256(asked.encode()).hexdigest()[:32]
        reply = self._replies.get(name)
        if reply:
            return httpx2.Response(reply[0], json=reply[1])
        self._requests.add(name, body)
        waiting = _waiting.get()
        if waiting is not None:
            waiting.append(name)
        await asyncio.sleep(TOGETHER)
        return httpx2.Response(425, json={"error": {"message": "this waits for its batch"}})


def batch_model(
    model: str, *, base_url: str | None, replies: Replies, requests: Requests
) -> BaseChatModel:
    """Return a chat model that is answered from files.

    Args:
        model: The model's name at the endpoint.
        base_url: The endpoint's, which decides how a request is written; it is not reached.
        replies: What was answered.
        requests: What is to be.
    """
    connection = _Files(replies, requests)
    return endpoint_model(model, base_url=base_url, api_key=None, transport=connection)


class BatchMaker(Maker):
    """Makes the profiles all of whose requests are answered; the other users wait."""

    async def make(self, user: BuildInput) -> BuildResult:
        """Make a user's profile, or come as far as the replies go."""
        waiting: list[str] = []
        token = _waiting.set(waiting)
        try:
            made = await super().make(user)
        finally:
            _waiting.reset(token)
        return BuildResult(user.user_id, dropped=made.dropped, left=True) if waiting else made
