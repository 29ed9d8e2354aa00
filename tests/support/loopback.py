"""An HTTP server on loopback that answers what is posted to it as JSON."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Loopback:
    """Served as long as it is not closed; a subclass says what is answered."""

    protocol = "HTTP/1.0"
    """From 1.1 on, a client may keep its connections."""

    def __init__(self) -> None:
        self.connections = 0
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = endpoint.protocol

            def setup(self) -> None:
                endpoint.connections += 1
                super().setup()

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = endpoint.reply_to(asked)
                if answer is None:
                    return
                status, body, kind = answer
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def reply_to(self, asked: Any) -> tuple[int, bytes, str] | None:
        """Return the status, body and content type of a reply; None: the connection ends."""
        raise NotImplementedError

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def as_json(status: int, reply: Any) -> tuple[int, bytes, str]:
    return status, json.dumps(reply).encode(), "application/json"
