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
        return 0.1 if OF_MOST.search(prompt) or ENDED.search(prompt) else self.yes

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


@contextmanager
def scripted_endpoint(kind: type[Endpoint] = Endpoint) -> Iterator[dict[str, str]]:
    """Yield the environment that names an endpoint of a test's own."""
    handler = type("Handler", (kind,), {"prompts": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as endpoint:
        Thread(target=endpoint.serve_forever, args=(0.01,), daemon=True).start()
        address = f"http://127.0.0.1:{endpoint.server_port}/v1"
        yield {"OPENAI_BASE_URL": address, "OPENAI_MODEL": "m"}
        endpoint.shutdown()
