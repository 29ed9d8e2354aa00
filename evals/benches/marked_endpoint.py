"""A scripted model endpoint that says again what it is shown, so that it shows whose it was."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from guided_profile.evals.benches.running import head, in_a_process, serve

MARK = re.compile(r"Mark\d{4}x")
"""The word that stands in all items of a user, and in nobody else's."""
_LINE = re.compile(r"(?m)^\d+\. (?:\[.*?\] )?i (.+)$")


def _serve(sender: Connection, latency: float) -> None:
    async def answer(body: bytes) -> AsyncIterator[bytes]:
        prompt = "\n".join(str(message["content"]) for message in json.loads(body)["messages"])
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
        encoded = json.dumps(reply | {"choices": [choice], "usage": usage}).encode()
        await asyncio.sleep(latency)
        yield head("application/json", len(encoded)) + encoded

    serve(sender, answer)


def _said(prompt: str) -> str:
    if prompt.endswith("Answer Yes or No."):
        of_notes = "A note about a person" in prompt or "Two notes" in prompt
        return "No" if of_notes or "true of most people" in prompt else "Yes"
    if "profile" in prompt and (facts := _LINE.findall(prompt)):
        return " ".join(f"This person {fact}." for fact in facts[-5:])
    return "That goes by " + ", ".join(sorted(set(MARK.findall(prompt))) or ["nothing"]) + "."


@contextmanager
def marked_endpoint(latency: float) -> Iterator[str]:
    """Run it in a process of its own; yield its address."""
    with in_a_process(_serve, latency) as url:
        yield url
