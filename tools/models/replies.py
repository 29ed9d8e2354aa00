"""What an endpoint sends, made sound before anything reads it: a reply, or the events of a stream.

What is no reply of the API is a ValueError of ours, and never a crash somewhere behind it.
"""

import json
import math
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx2

from guided_profile.tools.models.errors import NOT_OF_THE_API

_DETAILS = ("audio", "cached", "cache_write", "reasoning")
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")
"""Where endpoints that know thoughts put them."""


async def events(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, Any] | None]:
    """Yield the chunks of a stream, and None for the mark of its end.

    A reply that comes whole, though it was to be streamed, is one event.

    Raises:
        ValueError: What came is neither.
    """
    rest: list[str] = []
    streamed = False
    async for line in lines:
        if not line.startswith("data:"):
            if not streamed and not line.startswith(":"):  # a comment
                rest.append(line)
            continue
        data = line.removeprefix("data:").strip()
        streamed = True
        if data.startswith("[DONE]"):
            yield None
            continue
        if data:
            yield _event(data)
    if not streamed and "".join(rest).strip():
        yield _event("\n".join(rest))


def _event(data: str) -> dict[str, Any]:
    event = json.loads(data)
    if not isinstance(event, dict):
        raise ValueError(NOT_OF_THE_API)
    return event


def is_whole(event: Mapping[str, Any]) -> bool:
    """Whether an event is a reply, and no chunk of one."""
    choices = event.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return isinstance(first, dict) and "message" in first and "delta" not in first


def sound(reply: Mapping[str, Any], part: str) -> dict[str, Any]:
    """Return a reply, or a chunk of one, without figures that are none.

    Args:
        reply: As the endpoint sent it.
        part: What its choices have: `message`, or `delta` in a chunk.

    Raises:
        ValueError: It is not of the API; nothing of it is quoted.
    """
    choices = reply.get("choices")
    if part == "delta" and choices is None:
        choices = []
    if not isinstance(choices, list) or not (choices or part == "delta"):
        raise ValueError(NOT_OF_THE_API)
    usage = _whole_numbers(reply.get("usage"))
    return {
        **reply,
        "choices": [_sound_choice(choice, part) for choice in choices],
        "usage": usage if _is_usage(usage) else None,
    }


def _sound_choice(choice: Any, part: str) -> dict[str, Any]:
    message = choice.get(part) if isinstance(choice, dict) else None
    if not isinstance(message, dict) or not _is_content(message.get("content")):
        raise ValueError(NOT_OF_THE_API)
    if choice.get("finish_reason") == "error":
        check_ended(False)
    return {
        **choice,
        part: {**message, "role": "assistant", "content": _text(message.get("content"))},
        "logprobs": _sound_logprobs(choice.get("logprobs")),
    }


def check_ended(ended: bool) -> None:
    """Refuse a reply that does not end.

    Raises:
        RemoteProtocolError: It does not.
    """
    if not ended:
        raise httpx2.RemoteProtocolError("the reply broke off")


def has_thought(message: Mapping[str, Any]) -> bool:
    """Whether an endpoint sends thoughts beside a message, or in blocks of it."""
    blocks = message.get("content")
    said = [*blocks] if isinstance(blocks, list) else []
    return any(message.get(name) for name in _THOUGHTS) or any(map(_is_thought, said))


def _is_thought(block: Any) -> bool:
    return isinstance(block, dict) and block.get("type") in ("thinking", "reasoning")


def _text(content: Any) -> str | None:
    """Return a content in blocks as a text: what is said, without thoughts."""
    if not isinstance(content, list):
        return None if content is None else str(content)
    blocks = [{"text": block} if isinstance(block, str) else block for block in content]
    said = [block.get("text") for block in blocks if not _is_thought(block)]
    return "".join(text for text in said if isinstance(text, str))


def _is_content(content: Any) -> bool:
    if isinstance(content, list):
        return all(isinstance(block, dict | str) for block in content)
    return content is None or isinstance(content, str)


def _is_usage(usage: Any) -> bool:
    """Whether counts are counts; what some of them are made up of stands in dictionaries."""
    if not isinstance(usage, dict):
        return False
    counts = [usage.get(f"{kind}_tokens") for kind in ("prompt", "completion", "total")]
    for name in ("prompt_tokens_details", "completion_tokens_details"):
        details = usage.get(name) or {}
        if not isinstance(details, dict):
            return False
        counts += [details.get(f"{kind}_tokens") for kind in _DETAILS]
    return all(count is None or isinstance(count, int) for count in counts)


def _whole_numbers(usage: Any) -> Any:
    """Return counts that some endpoints write as 10.0, as counts."""
    if isinstance(usage, dict):
        return {name: _whole_numbers(count) for name, count in usage.items()}
    return int(usage) if isinstance(usage, float) and usage.is_integer() else usage


def _sound_logprobs(logprobs: Any) -> dict[str, Any] | None:
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not isinstance(content, list) or not all(map(_is_token, content)):
        return None
    sound = []
    for token in content:
        others = token.get("top_logprobs") or []
        if not isinstance(others, list):
            return None
        alternatives = [
            o for o in others if not isinstance(o, dict) or o.get("logprob") is not None
        ]
        if not all(map(_is_token, alternatives)):
            return None
        sound.append({**token, "top_logprobs": alternatives})
    return {**logprobs, "content": sound}


def _is_token(token: Any) -> bool:
    if not isinstance(token, dict) or not isinstance(token.get("token"), str):
        return False
    logprob = token.get("logprob")
    # a hair above 0 is a rounding error
    return isinstance(logprob, int | float) and not math.isnan(logprob) and logprob < 0.01
