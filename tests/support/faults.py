"""What may go wrong with the endpoint of a model; set as `Endpoint.fault`."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from endpoint import Endpoint

Fault = Callable[[Endpoint, dict[str, Any]], bool]
SECRET = "what the endpoint says of nobody"


def status(code: int, **headers: str) -> Fault:
    def fault(endpoint: Endpoint, asked: dict[str, Any]) -> bool:
        endpoint.sends(code, {"error": {"message": SECRET}}, **headers)
        return True

    return fault


def sends(said: Any) -> Fault:
    """Send this with a status of success: JSON, or bytes as they are."""

    def fault(endpoint: Endpoint, asked: dict[str, Any]) -> bool:
        endpoint.sends(200, said)
        return True

    return fault


def says(text: str | None) -> Fault:
    """Have the model write this, whatever it is asked; letters are weighed as ever."""

    def fault(endpoint: Endpoint, asked: dict[str, Any]) -> bool:
        if asked.get("top_logprobs"):
            return False
        endpoint.says(text)
        return True

    return fault


def times(count: int, fault: Fault) -> Fault:
    """Let this go wrong so often, and then no more."""
    left = [count]

    def sometimes(endpoint: Endpoint, asked: dict[str, Any]) -> bool:
        left[0] -= 1
        return left[0] >= 0 and fault(endpoint, asked)

    return sometimes


def hangs(endpoint: Endpoint, asked: dict[str, Any]) -> bool:
    endpoint.over.wait(30)
    endpoint.close_connection = True
    return True


def drops(endpoint: Endpoint, asked: dict[str, Any]) -> bool:
    """End a reply in the middle."""
    endpoint.send_response(200)
    endpoint.send_header("Content-Type", "application/json")
    endpoint.send_header("Content-Length", "1000")
    endpoint.end_headers()
    endpoint.wfile.write(b'{"choices": [{"message": {"content": "' + SECRET.encode())
    endpoint.close_connection = True
    return True


def endless(endpoint: Endpoint, asked: dict[str, Any]) -> bool:
    """Write on and on, as fast as it is read."""
    endpoint.send_response(200)
    endpoint.send_header("Content-Type", "application/json")
    endpoint.send_header("Connection", "close")
    endpoint.end_headers()
    with suppress(OSError):
        endpoint.wfile.write(b'{"choices": [{"message": {"role": "assistant", "content": "')
        while not endpoint.over.is_set():
            endpoint.wfile.write(b"and so on " * 10_000)
    endpoint.close_connection = True
    return True


def trickles(endpoint: Endpoint, asked: dict[str, Any]) -> bool:
    """Send a little now and then, for ever: there is always something to read."""
    endpoint.send_response(200)
    endpoint.send_header("Content-Type", "application/json")
    endpoint.send_header("Connection", "close")
    endpoint.end_headers()
    with suppress(OSError):
        while not endpoint.over.wait(0.05):
            endpoint.wfile.write(b" ")
    endpoint.close_connection = True
    return True


def streams(*chunks: dict[str, Any] | str, cut: bool = False) -> Fault:
    """Stream chunks; a text is a chunk that says it, and `cut` breaks the connection off."""

    def fault(endpoint: Endpoint, asked: dict[str, Any]) -> bool:
        endpoint.send_response(200)
        endpoint.send_header("Content-Type", "text/event-stream")
        endpoint.send_header("Transfer-Encoding", "chunked")
        endpoint.end_headers()
        for chunk in chunks:
            delta = {"choices": [{"index": 0, "delta": {"content": chunk}}]}
            data = f"data: {json.dumps(delta if isinstance(chunk, str) else chunk)}\n\n".encode()
            endpoint.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        if not cut:
            endpoint.wfile.write(b"0\r\n\r\n")
        endpoint.close_connection = True
        return True

    return fault


ENDS: dict[str, Any] = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
