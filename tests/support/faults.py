"""What may go wrong with the endpoint of a model; set as `Endpoint.fault`."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from endpoint import Endpoint

Fault = Callable[[Endpoint, dict[str, Any]], bool]
SECRET = "what the endpoint says of nobody"


def status(code: int, **headers: str) -> Fault:
    def fault(one: Endpoint, asked: dict[str, Any]) -> bool:
        one.sends(code, {"error": {"message": SECRET}}, **headers)
        return True

    return fault


def sends(said: Any) -> Fault:
    """Send this with a status of success: JSON, or bytes as they are."""

    def fault(one: Endpoint, asked: dict[str, Any]) -> bool:
        one.sends(200, said)
        return True

    return fault


def says(text: str | None) -> Fault:
    """Have the model write this, whatever it is asked; letters are weighed as ever."""

    def fault(one: Endpoint, asked: dict[str, Any]) -> bool:
        if asked.get("top_logprobs"):
            return False
        one.says(text)
        return True

    return fault


def times(count: int, fault: Fault) -> Fault:
    """Let this go wrong so often, and then no more."""
    left = [count]

    def sometimes(one: Endpoint, asked: dict[str, Any]) -> bool:
        left[0] -= 1
        return left[0] >= 0 and fault(one, asked)

    return sometimes


def hangs(one: Endpoint, asked: dict[str, Any]) -> bool:
    one.over.wait(30)
    one.close_connection = True
    return True


def drops(one: Endpoint, asked: dict[str, Any]) -> bool:
    """End a reply in the middle."""
    one.send_response(200)
    one.send_header("Content-Type", "application/json")
    one.send_header("Content-Length", "1000")
    one.end_headers()
    one.wfile.write(b'{"choices": [{"message": {"content": "' + SECRET.encode())
    one.close_connection = True
    return True


def endless(one: Endpoint, asked: dict[str, Any]) -> bool:
    """Write on and on, as fast as it is read."""
    one.send_response(200)
    one.send_header("Content-Type", "application/json")
    one.send_header("Connection", "close")
    one.end_headers()
    with suppress(OSError):
        one.wfile.write(b'{"choices": [{"message": {"role": "assistant", "content": "')
        while not one.over.is_set():
            one.wfile.write(b"and so on " * 10_000)
    one.close_connection = True
    return True


def trickles(one: Endpoint, asked: dict[str, Any]) -> bool:
    """Send a little now and then, for ever: there is always something to read."""
    one.send_response(200)
    one.send_header("Content-Type", "application/json")
    one.send_header("Connection", "close")
    one.end_headers()
    with suppress(OSError):
        while not one.over.wait(0.05):
            one.wfile.write(b" ")
    one.close_connection = True
    return True


def streams(*chunks: dict[str, Any] | str, cut: bool = False) -> Fault:
    """Stream chunks; a text is a chunk that says it, and `cut` breaks the connection off."""

    def fault(one: Endpoint, asked: dict[str, Any]) -> bool:
        one.send_response(200)
        one.send_header("Content-Type", "text/event-stream")
        one.send_header("Transfer-Encoding", "chunked")
        one.end_headers()
        for chunk in chunks:
            delta = {"choices": [{"index": 0, "delta": {"content": chunk}}]}
            data = f"data: {json.dumps(delta if isinstance(chunk, str) else chunk)}\n\n".encode()
            one.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        if not cut:
            one.wfile.write(b"0\r\n\r\n")
        one.close_connection = True
        return True

    return fault


ENDS: dict[str, Any] = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
