"""A LangSmith for tests, on this machine: it keeps what it is sent, and says so when asked."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

NOW = "2026-01-02T03:04:05+00:00"
INGEST = {
    "use_multipart_endpoint": True,
    "size_limit": 100,
    "size_limit_bytes": 20_000_000,
    "scale_up_nthreads_limit": 16,
    "scale_up_qsize_trigger": 1000,
    "scale_down_nempty_trigger": 4,
}
TENANT = str(uuid4())
NEWER = ("id", "start_time", "inputs", "outputs", "extra")
"""What the newer way of reading runs is asked for."""


def project(name: str) -> dict[str, str | None]:
    """Return a project as it is made when the first run for it arrives."""
    known = {"name": name, "tenant_id": TENANT, "start_time": NOW, "reference_dataset_id": None}
    return {"id": str(uuid4())} | known


class LangSmith:
    """What was sent, and the server that took it."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.datasets: dict[str, dict[str, Any]] = {}
        self.examples: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, dict[str, Any]] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        self.feedback: list[dict[str, Any]] = []
        self.queues: dict[str, dict[str, Any]] = {}
        self.queued: list[tuple[str, str]] = []
        """The names of queues, and the runs that were put into them."""
        self.refuses_runs = False
        self.refuses_feedback = ""
        """Of this run none is taken; `all`: of none."""
        self.version = "0.12.0"
        self.page = 100
        """How many runs a page holds."""
        self.key = "key"
        self.lock = Lock()

    def get(self, path: str, query: dict[str, list[str]]) -> Any:
        if path == "/info":
            return {"version": self.version, "batch_ingest_config": INGEST}
        if path == "/datasets":
            return [self.datasets[n] for n in query.get("name", []) if n in self.datasets]
        if path == "/examples":
            asked = query.get("id", list(self.examples))
            return [self.examples[id_] for id_ in asked if id_ in self.examples]
        if path == "/sessions":
            name = query.get("name", [None])[0]
            if name and any(run.get("session_name") == name for run in self.runs.values()):
                return [self.sessions.setdefault(name, project(name))]
            named = [
                session for session in self.sessions.values() if name in (None, session["name"])
            ]
            return named[:1]
        if path == "/feedback":
            found = [
                entry
                for entry in self.feedback
                if entry["run_id"] in query["run"] and entry["key"] in query["key"]
            ]
            return found[int(query["offset"][0]) :]
        if path == "/annotation-queues":
            named = [queue for queue in self.queues.values() if queue["name"] in query["name"]]
            return named[int(query["offset"][0]) :]
        return None

    def post(self, path: str, body: Any) -> Any:
        if path == "/datasets":
            made = body | {"id": str(uuid4()), "created_at": NOW, "tenant_id": TENANT}
            return self.datasets.setdefault(body["name"], made)
        if path == "/examples/bulk":
            for example in body:
                if example["id"] in self.examples:
                    return None
                self.examples[example["id"]] = example | {"created_at": NOW, "modified_at": NOW}
            return body
        if path == "/sessions":
            made = body | {"tenant_id": TENANT, "start_time": NOW}
            return self.sessions.setdefault(body["id"], made)
        if path.startswith("/sessions/"):
            self.sessions[path.split("/")[2]] |= {"ended": True, "extra": body["extra"]}
            return self.sessions[path.split("/")[2]]
        return self.look_after(path, body)

    def look_after(self, path: str, body: Any) -> Any:
        """Take what concerns runs that are there already."""
        if path == "/runs/query":
            found, more = self.query(body["session"], body["start_time"], body)
            return {"runs": found, "cursors": {"next": more}}
        if path == "/api/v2/runs/query":
            found, more = self.query(body["project_ids"], body["min_start_time"], body)
            newer = [{n: run[n] for n in run if n in NEWER} for run in found]
            return {"items": newer, "next_cursor": more}
        if path == "/feedback":
            if self.refuses_feedback in ("all", body["run_id"]):
                return None
            if all(entry["id"] != body["id"] for entry in self.feedback):
                self.feedback.append({"trace_id": body["run_id"]} | body)
            return body
        if path == "/annotation-queues":
            return self.queues.setdefault(body["id"], body | {"tenant_id": TENANT})
        if path.startswith("/annotation-queues/"):
            queue = self.queues[path.split("/")[2]]["name"]
            self.queued += [(queue, run["run_id"]) for run in body]
            return {}
        return None

    def query(
        self, projects: list[str], since: str, asked: dict[str, Any]
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Return a page of the runs of projects that no other run began, and where the next is."""
        names = [session["name"] for session in self.sessions.values() if session["id"] in projects]
        found = [
            run | {"session_id": projects[0]}
            for run in self.runs.values()
            if run["session_name"] in names
            and not run.get("parent_run_id")
            and not run.get("error")
            and run["start_time"] >= since
        ]
        at = int(asked.get("cursor") or 0)
        more = str(at + self.page) if at + self.page < len(found) else None
        return found[at : at + self.page], more

    def take(self, parts: Iterator[tuple[str, Any]]) -> None:
        """Keep the parts of a batch: runs with their inputs and outputs, and feedback."""
        for name, part in parts:
            what, key, *more = name.split(".")
            if what == "feedback":
                self.feedback.append(part)
            elif more:
                self.runs.setdefault(key, {})[more[0]] = part
            else:
                known = self.runs.setdefault(key, {})
                known |= {field: value for field, value in part.items() if value is not None}

    def tree(self, root: str) -> set[str]:
        """Return the names of the runs under a run."""
        return {run["name"] for key, run in self.runs.items() if run["trace_id"] == root != key}


@contextmanager
def langsmith() -> Iterator[tuple[LangSmith, str]]:
    """Yield one that is empty, and its address."""
    kept = LangSmith()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            split = urlsplit(self.path)
            with kept.lock:
                kept.requests.append(f"{self.command} {split.path}")
                said, code = self.answer(split.path, parse_qs(split.query), body)
            reply = json.dumps(said).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def answer(self, path: str, query: dict[str, list[str]], body: bytes) -> tuple[Any, int]:
            if path != "/info" and self.headers["x-api-key"] != kept.key:
                return {"detail": "no"}, 401
            if path == "/runs/multipart":
                if kept.refuses_runs:
                    return {"detail": "no"}, 422
                kept.take(parts(self.headers["Content-Type"], body))
                return {}, 202
            said = (
                kept.get(path, query)
                if self.command == "GET"
                else kept.post(path, json.loads(body))
            )
            return (said, 200) if said is not None else ({"detail": f"no {path}"}, 400)

        do_GET = do_POST = do_PATCH = handle_any

        def log_message(self, format: str, *args: Any) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield kept, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def parts(kind: str, body: bytes) -> Iterator[tuple[str, Any]]:
    whole = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    for part in whole.walk():
        name = part.get_param("name", header="content-disposition")
        if name:
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            yield str(name), json.loads(payload)
