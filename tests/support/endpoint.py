"""A model endpoint for tests, on this machine; `faults` has what may go wrong with it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import log
from threading import Event, Thread
from typing import Any

from asked import (
    ENDED,
    OF_MOST,
    STATEMENT,
    TWO_NOTES,
    USE,
    digests,
    judgements,
    lines_of,
    shares_words,
    writes_profile,
)

PROFILE = "This person has a cat named Miso. This person commutes by bicycle."


class Endpoint(BaseHTTPRequestHandler):
    """An OpenAI-compatible endpoint: digests, profiles, judges, weighs letters, and answers."""

    protocol_version = "HTTP/1.1"
    prompts: list[str]
    answer = "Miso, my cat."
    yes = 0.9
    fault: Callable[..., bool] | None = None
    """Called with the handler and what was asked; whether it has answered, in its way."""
    over: Event
    """Set when the test is over: what hangs may end."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = asked["messages"][-1]["content"]
        self.prompts.append(prompt)
        if self.fault is None or not self.fault(asked):
            self.answers(asked, prompt)

    def answers(self, asked: dict[str, Any], prompt: str) -> None:
        letters = None
        if prompt.endswith("Answer Yes or No."):
            yes = self.agrees(prompt)
            letters = {"Yes": yes, "No": 1 - yes}
        elif asked.get("top_logprobs"):
            lines = prompt.splitlines()
            right = next((line[0] for line in lines if line.endswith(". a cat toy")), "A")
            letters = {letter: 0.8 if letter == right else 0.1 for letter in "ABC"}
        text = self.answer
        if letters:
            text = max(letters, key=letters.__getitem__)
        elif judged := judgements(prompt, shares_words):
            text = judged
        elif digests(prompt) or writes_profile(prompt):
            text = PROFILE
        self.says(text, letters)

    def agrees(self, prompt: str) -> float:
        """Return the probability of Yes."""
        if statement := STATEMENT.search(prompt):
            return shares_words(statement[1], lines_of(prompt))
        if notes := TWO_NOTES.search(prompt):
            return shares_words(notes[1], [notes[2]])
        no = (OF_MOST, ENDED, USE)  # nothing is for every answer, or private
        return 0.1 if any(asked.search(prompt) for asked in no) else self.yes

    def says(self, text: str | None, letters: dict[str, float] | None = None) -> None:
        top = [{"token": t, "logprob": log(p), "bytes": None} for t, p in (letters or {}).items()]
        token = {"token": text, "logprob": -0.1, "bytes": None, "top_logprobs": top}
        reply = {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": text},
                    "logprobs": {"content": [token]},
                }
            ],
            "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12},
        }
        self.sends(200, reply)

    def sends(self, status: int, said: Any, **headers: str) -> None:
        """Send JSON, or bytes as they are."""
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


Rule = Callable[[dict[str, Any]], tuple[int, Any] | None]
"""Refuses a request, or lets it pass."""


def refusing(name: str, status: int, message: str, *, body: Any = None) -> Rule:
    """Refuse every request that has a setting."""
    said = body if body is not None else {"error": {"message": message}}
    return lambda asked: (status, said) if asked.get(name) is not None else None


class Peculiar(Endpoint):
    """An endpoint with habits of its own; it counts words as tokens, and streams."""

    rules: tuple[Rule, ...] = ()
    thoughts = ""
    """What its model thinks first; it counts for the limit."""
    thinks_in: str | None = None
    """The field of a message that holds them; None: they stand in the text."""
    logprobs: Callable[[list[dict[str, Any]]], Any] = staticmethod(
        lambda tokens: {"content": tokens}
    )
    """Returns the log probabilities of a reply, in the form that it sends them in."""
    written: Callable[[str], str] = staticmethod(lambda text: text)
    """How its model writes a text, thoughts apart."""
    ends_streams = True
    received: list[dict[str, Any]]
    """The requests that it answered, and those that it refused."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.received.append(asked)
        for rule in self.rules:
            if refused := rule(asked):
                self.sends(*refused)
                return
        if self.path.endswith("/embeddings"):
            self.embeds(asked["input"])
        else:
            prompt = asked["messages"][-1]["content"]
            letters = {"top_logprobs": 5} if prompt.endswith("Which?") else {}
            self.answers(asked | letters, prompt)

    def embeds(self, texts: list[str]) -> None:
        data = [{"index": n, "embedding": [float(len(text)), 1.0]} for n, text in enumerate(texts)]
        self.sends(200, {"data": data[::-1]})

    def says(self, text: str | None, letters: dict[str, float] | None = None) -> None:
        asked = self.received[-1]
        words = [f"{word} " for word in self.written(text or "").split()]
        before = [f"{word} " for word in self.thoughts.split()]
        limit = asked.get("max_tokens", asked.get("max_completion_tokens")) or 10_000
        kept = (before + words)[:limit]
        thought, said = "".join(kept[: len(before)]), "".join(kept[len(before) :]).rstrip()
        message = {"role": "assistant", "content": said if self.thinks_in else thought + said}
        if thought and self.thinks_in:
            message[self.thinks_in] = thought
        tokens = [{"token": word.strip(), "logprob": -0.1, "top_logprobs": []} for word in kept]
        for token in tokens:
            others = letters if letters and token["token"] in letters else {token["token"]: 0.9}
            top = [{"token": t, "logprob": log(p)} for t, p in others.items()]
            token["top_logprobs"] = top[: asked.get("top_logprobs") or 0]
        choice = {
            "index": 0,
            "finish_reason": "length" if len(kept) < len(before + words) else "stop",
            "message": message,
            "logprobs": self.logprobs(tokens) if asked.get("logprobs") else None,
        }
        if not asked.get("stream"):
            self.sends(200, {"choices": [choice]})
            return
        deltas: list[dict[str, Any]] = [
            {"index": 0, "delta": {name: message[name][at : at + 3]}}
            for name in (self.thinks_in, "content")
            if name in message
            for at in range(0, len(message[name]), 3)
        ]
        if self.ends_streams:
            deltas.append({"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]})
        events = [json.dumps({"choices": [delta]}) for delta in deltas]
        body = "".join(f"data:{event}\r\n\r\n" for event in [*events, "[DONE]"])
        self.sends(200, body.encode())


@contextmanager
def peculiar_endpoint(
    kind: type[Peculiar] = Peculiar, **habits: Any
) -> Iterator[tuple[str, type[Peculiar]]]:
    """Yield the address of an endpoint with habits, and the endpoint."""
    handler = type("Handler", (kind,), {"prompts": [], "received": [], **habits})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as endpoint:
        Thread(target=endpoint.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{endpoint.server_port}/v1", handler
        endpoint.shutdown()


@contextmanager
def scripted_endpoint(kind: type[Endpoint] = Endpoint) -> Iterator[dict[str, str]]:
    """Yield the environment that names an endpoint of a test's own."""
    handler = type("Handler", (kind,), {"prompts": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as endpoint:
        Thread(target=endpoint.serve_forever, args=(0.01,), daemon=True).start()
        address = f"http://127.0.0.1:{endpoint.server_port}/v1"
        yield {"OPENAI_BASE_URL": address, "OPENAI_MODEL": "m"}
        endpoint.shutdown()
