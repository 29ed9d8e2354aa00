"""A real LangGraph Server and how often it may be asked, over HTTP and over web sockets."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import httpx
import langgraph_server
import pytest
from endpoint import scripted_endpoint
from langgraph_server import langgraph_dev
from server_client import ANNA, BOB, SECRET
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data: Path = tmp_path_factory.mktemp("data")
    auth = {
        "GUIDED_PROFILE_AUTH": "jwt",
        "GUIDED_PROFILE_JWT_SECRET": SECRET,
        "GUIDED_PROFILE_RATE": "5",
    }
    # as where the settings are not known that turn web sockets off
    config = json.loads(langgraph_server.CONFIG.read_text())
    del config["env"]
    config["http"]["disable_event_streaming"] = False
    config["dependencies"] = [str(langgraph_server.CONFIG.parent)]
    open_config = data / "langgraph.json"
    open_config.write_text(json.dumps(config))
    with (
        pytest.MonkeyPatch.context() as patch,
        scripted_endpoint() as endpoint,
    ):
        patch.setattr(langgraph_server, "CONFIG", open_config)
        with langgraph_dev(data, **endpoint, **auth) as address:
            yield address


def test_messages_of_a_web_socket_are_requests(url: str) -> None:
    place = f"{url.replace('http', 'ws', 1)}/threads/{uuid4()}/stream/events"
    with pytest.raises(InvalidStatus):
        connect(place)
    answered = 0
    with suppress(InvalidStatus, ConnectionClosed), connect(place, additional_headers=ANNA) as ours:
        for number in range(200):
            ours.send(json.dumps({"id": number, "method": "nothing.of.the.kind", "params": {}}))
            ours.recv(10)
            answered += 1
    assert 0 < answered <= 5


def test_streams_of_events_are_requests(url: str) -> None:
    place = f"{url}/threads/{uuid4()}/stream/events"
    codes = [httpx.post(place, json={}, headers=BOB, timeout=30).status_code for _ in range(20)]
    assert codes.count(429) >= 15
