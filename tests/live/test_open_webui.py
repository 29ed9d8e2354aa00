"""Open WebUI itself in front of the endpoint; it needs the command `open-webui`.

It is installed apart (`pip install open-webui`, Python 3.11 or 3.12), and found on the path or in
OPEN_WEBUI. What the upstream is sent is what the upstream's own double keeps.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from ports import free_port
from proxied import KEY, Proxied, proxied
from server_client import SECRET

from guided_profile.apps.assistants import open_webui_filter
from guided_profile.apps.proxy.settings import ProxySettings
from guided_profile.tools.history.store import HistoryStore

COMMAND = os.environ.get("OPEN_WEBUI") or shutil.which("open-webui")
pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not COMMAND, reason="needs open-webui, or its path in OPEN_WEBUI"),
]
TURNS = (
    "I am vegan and I cook everything in a cast iron skillet.",
    "I never cook for more than twenty minutes.",
    "Which vegan dinner should I cook in the skillet?",
)


class Chat:
    """A person's browser, as far as its requests go."""

    def __init__(self, http: httpx.Client, user_id: str) -> None:
        self.http, self.user_id = http, user_id
        self.messages: list[dict[str, str]] = []

    def say(self, text: str) -> str:
        self.messages.append({"role": "user", "content": text})
        body = {"model": "m", "messages": self.messages, "stream": False}
        answer = self.http.post("/api/chat/completions", json=body)
        assert answer.is_success, answer.text
        said = str(answer.json()["choices"][0]["message"]["content"])
        self.messages.append({"role": "assistant", "content": said})
        return said

    def title(self) -> None:
        body = {"model": "m", "messages": self.messages, "chat_id": "c"}
        answer = self.http.post("/api/v1/tasks/title/completions", json=body)
        assert answer.is_success, answer.text


@contextmanager
def open_webui(folder: Path, endpoint: str, **more: str) -> Iterator[Chat]:
    """Run it with a first user, who is its admin."""
    port = free_port()
    own = {
        "DATA_DIR": str(folder),
        "WEBUI_SECRET_KEY": SECRET,
        "OFFLINE_MODE": "true",
        "HF_HUB_OFFLINE": "1",
        "ENABLE_OLLAMA_API": "false",
        "OPENAI_API_BASE_URLS": endpoint,
        "OPENAI_API_KEYS": KEY,
    }
    log = folder / "open-webui.log"
    with (
        log.open("wb") as written,
        subprocess.Popen(
            [str(COMMAND), "serve", "--host", "127.0.0.1", "--port", str(port)],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder)} | own | more,
            stdout=written,
            stderr=written,
        ) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as http,
    ):
        try:
            until = time.monotonic() + 300
            while time.monotonic() < until:
                assert process.poll() is None, log.read_text()[-3000:]
                try:
                    if http.get("/health").is_success:
                        break
                except httpx.TransportError:
                    time.sleep(0.5)
            person = {"name": "Anna", "email": "anna@example.com", "password": "a long Password 1"}
            signed = http.post("/api/v1/auths/signup", json=person).json()
            http.headers["Authorization"] = f"Bearer {signed['token']}"
            assert "m" in [model["id"] for model in http.get("/api/models").json()["data"]]
            yield Chat(http, signed["id"])
        finally:
            process.kill()


def grows_personal(proxy: Proxied, chat: Chat) -> list[dict[str, Any]]:
    """Hold three turns; return what reached the upstream."""
    proxy.upstream.sent.clear()
    for text in TURNS:
        assert chat.say(text) == proxy.upstream.says
        proxy.said_by(chat.user_id)  # a person would be typing meanwhile
    assert set(TURNS) <= set(proxy.said_by(chat.user_id))
    chats = [one for one in proxy.upstream.sent if one.path.endswith("/chat/completions")]
    assert len(chats) == 3
    for one in chats:
        assert SECRET not in str(one.headers)
        assert not [name for name in one.headers if name.startswith("x-openwebui")]
    # what was said in this chat stands in it already; a new one is told of it
    chat.messages.clear()
    chat.say(TURNS[2])
    told = proxy.upstream.sent[-1].last
    assert "cast iron skillet" in told
    assert told.endswith(TURNS[2])
    return [one.json for one in (*chats, proxy.upstream.sent[-1])]


def test_a_conversation_is_personal_with_signed_users(
    history: HistoryStore, tmp_path: Path
) -> None:
    settings = ProxySettings(key=KEY, signed_secret=SECRET, task_header="x-task")
    with (
        proxied(history, settings) as proxy,
        open_webui(
            tmp_path,
            proxy.url,
            ENABLE_FORWARD_USER_INFO_HEADERS="true",
            FORWARD_USER_INFO_HEADER_JWT_SECRET=SECRET,
            OPENAI_API_CONFIGS=json.dumps({"0": {"headers": {"X-Task": "{{TASK}}"}}}),
        ) as chat,
    ):
        sent = grows_personal(proxy, chat)
        print(json.dumps(sent, indent=1))  # shown with -s: the bytes that reach the upstream
        there = proxy.said_by(chat.user_id)
        chat.title()
        # its own call for a title goes through as it is, and is nothing that the user said
        assert "cast iron skillet in" not in proxy.upstream.sent[-1].last
        assert proxy.said_by(chat.user_id) == there


def test_a_conversation_is_personal_with_the_filter_alone(
    history: HistoryStore, tmp_path: Path
) -> None:
    content = Path(open_webui_filter.__file__).read_text()
    made = {"id": "guided_profile", "name": "Guided Profile", "content": content, "meta": {}}
    with (
        proxied(history, ProxySettings(key=KEY)) as proxy,
        open_webui(tmp_path, proxy.url) as chat,
    ):
        assert chat.http.post("/api/v1/functions/create", json=made).is_success
        for switch in ("toggle", "toggle/global"):
            switched = chat.http.post(f"/api/v1/functions/id/guided_profile/{switch}")
            assert switched.is_success
        sent = grows_personal(proxy, chat)
        assert {one["safety_identifier"] for one in sent} == {chat.user_id}
