"""An endpoint that counts what it answers, and runs of `eval` at it, some of which are killed."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from math import log
from pathlib import Path
from typing import Any
from unittest.mock import patch

import forked
from loopback import Loopback, as_json

from guided_profile.apps.cli.main import main

Done = subprocess.CompletedProcess[str]


class Endpoint(Loopback):
    """Answers by what is asked, counts what it answered, and can hold one reply back."""

    def __init__(self) -> None:
        self.answered: Counter[str] = Counter()
        self.hold_at: int | None = None
        self.holding = threading.Event()
        self.release = threading.Event()
        self._lock = threading.Lock()
        super().__init__()

    def reply_to(self, asked: dict[str, Any]) -> tuple[int, bytes, str] | None:
        with self._lock:
            held = self.hold_at == self.answered.total()
            if not held:
                self.answered[json.dumps(asked, sort_keys=True)] += 1
        if held:
            self.holding.set()
            self.release.wait(30)
            return None
        return as_json(200, reply(asked))


def reply(asked: dict[str, Any]) -> dict[str, Any]:
    prompt = asked["messages"][-1]["content"]
    top: list[dict[str, Any]] = []
    text = "This person buys tea. This person likes tea."
    if asked.get("top_logprobs"):
        letters = {letter: 0.7 if f"{letter}. tea" in prompt else 0.1 for letter in "ABC"}
        if prompt.endswith("Answer Yes or No."):
            letters = {"Yes": 0.8, "No": 0.2}
        text = max(letters, key=letters.__getitem__)
        top = [{"token": letter, "logprob": log(p), "bytes": None} for letter, p in letters.items()]
    token = {"token": text, "logprob": -0.1, "bytes": None, "top_logprobs": top}
    message = {"role": "assistant", "content": text}
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": message,
                "logprobs": {"content": [token]},
            }
        ],
        "usage": {"prompt_tokens": 100, "completion_tokens": 2, "total_tokens": 102},
    }


@contextmanager
def counting() -> Iterator[Endpoint]:
    endpoint = Endpoint()
    yield endpoint
    endpoint.release.set()
    endpoint.close()


def lines(count: int) -> str:
    return "".join(
        json.dumps(
            {
                "user_id": f"u{number}",
                "history": [{"text": f"a box of tea, number {number}"}, {"text": "green tea"}],
                "query": f"Which next, number {number}?",
                "options": ["a car", "tea", "a boat"],
                "answer": "tea" if number % 2 else "a boat",
            }
        )
        + "\n"
        for number in range(count)
    )


def command(endpoint: Endpoint, folder: Path, *more: str) -> tuple[list[str], dict[str, str]]:
    kept = {name: value for name, value in os.environ.items() if "OPENAI" not in name}
    settings = {
        "OPENAI_BASE_URL": endpoint.url,
        "OPENAI_MODEL": "m",
        "GUIDED_PROFILE_EMBEDDER": "lexical",
        "GUIDED_PROFILE_DATA": str(folder / "own"),
    }
    arguments = [
        sys.executable,
        "-m",
        "guided_profile.apps.cli.main",
        "eval",
        "--out",
        str(folder / "o"),
    ]
    arguments += ["--data", str(folder / "data.jsonl"), "--methods", "random,dg,pg,gpg,gpg-nopc"]
    return [*arguments, *more], kept | settings


def finished(endpoint: Endpoint, folder: Path, *more: str) -> Done:
    """Give the command in a process of its own."""
    arguments, environment = command(endpoint, folder, *more)
    return forked.run(arguments, env=environment)


def finished_here(endpoint: Endpoint, folder: Path, *more: str) -> Done:
    """Give the command in this process, which has imported already what it needs."""
    return given_here(*command(endpoint, folder, *more))


def given_here(arguments: list[str], environment: dict[str, str]) -> Done:
    """Give a command of `command` in this process."""
    output, errors = StringIO(), StringIO()
    own = patch.dict(os.environ, environment, clear=True)
    with own, redirect_stdout(output), redirect_stderr(errors):
        status = main(arguments[3:])
    return Done(arguments, status, output.getvalue(), errors.getvalue())


def comes_true(condition: Callable[[], bool]) -> bool:
    """Whether it is true within a minute."""
    until = time.monotonic() + 60
    while not (met := condition()) and time.monotonic() < until:
        time.sleep(0.01)
    return met


def await_kept(endpoint: Endpoint, folder: Path) -> None:
    """Wait until a reply is held back, and what was answered before is on the disk."""
    assert endpoint.holding.wait(60)
    with closing(sqlite3.connect(f"file:{folder}/o/calls.db?mode=ro", uri=True)) as calls:
        count = "SELECT count(*) FROM calls"
        whole = (endpoint.answered.total(),)
        assert comes_true(lambda: calls.execute(count).fetchone() == whole)
