"""A scripted model endpoint that says again what it is shown, so that it shows whose it was."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from time import sleep

from guided_profile.evals.benches.running import in_a_process

MARK = re.compile(r"Mark\d{4}x")
"""The word that stands in all items of a user, and in nobody else's."""
_LINE = re.compile(r"(?m)^\d+\. (?:\[.*?\] )?i (.+)$")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    latency = 0.0

    def do_POST(self) -> None:
        """Answer a chat completion."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = "\n".join(str(message["content"]) for message in asked["messages"])
        sleep(self.latency)
        text = _said(prompt)
        top = [{"token": text, "logprob": -0.01, "bytes": None}]
        token = {"token": text, "logprob": -0.01, "bytes": None, "top_logprobs": top}
        choice = {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": text},
            "logprobs": {"content": [token]} if text in ("Yes", "No") else None,
        }
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        reply = {"id": "1", "object": "chat.completion", "created": 1, "model": "m"}
        body = json.dumps(reply | {"choices": [choice], "usage": usage}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


def _said(prompt: str) -> str:
    if prompt.endswith("Answer Yes or No."):
        of_notes = "A note about a person" in prompt or "Two notes" in prompt
        return "No" if of_notes or "true of most people" in prompt else "Yes"
    if "profile" in prompt and (facts := _LINE.findall(prompt)):
        return " ".join(f"This person {fact}." for fact in facts[-5:])
    return "That goes by " + ", ".join(sorted(set(MARK.findall(prompt))) or ["nothing"]) + "."


class _Server(ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing: who asks may be killed."""


def _serve(sender: Connection, latency: float) -> None:
    handler = type("Handler", (_Handler,), {"latency": latency})
    with _Server(("127.0.0.1", 0), handler) as server:
        sender.send(server.server_port)
        server.serve_forever()


@contextmanager
def marked_endpoint(latency: float) -> Iterator[str]:
    """Run it in a process of its own; yield its address."""
    with in_a_process(_serve, latency) as url:
        yield url
