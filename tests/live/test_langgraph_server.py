"""A real LangGraph Server, with the real embedded model."""

from collections.abc import AsyncIterator, Iterator

import pytest
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient
from langgraph_server import langgraph_dev

from guided_profile.apps.assembly import embedder, open_history
from guided_profile.apps.cli.demo import people
from guided_profile.apps.settings import read_settings

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = tmp_path_factory.mktemp("data")
    settings = read_settings({}, data=data)
    with open_history(settings, embedder(settings)) as history:
        for person in people():
            history.add(person.key, person.items)
    with langgraph_dev(data) as url:
        yield url


@pytest.fixture
async def client(server: str) -> AsyncIterator[LangGraphClient]:
    async with get_client(url=server) as client:
        yield client


async def test_a_run_through_the_sdk_returns_an_answer(client: LangGraphClient) -> None:
    asked = next(person for person in people() if person.key == "cook").questions["preference"]
    out = await client.runs.wait(
        None,
        "guided_profile",
        input={"question": asked["question"], "options": asked["options"]},
        context={"user_id": "cook", "task": "preference"},
    )
    assert out["answer"]["kind"] == "answered"
    assert out["answer"]["text"] == asked["options"][asked["expected"]]
    assert out["answer"]["profile"]["sentences"]
    assert out["messages"][-1]["content"] == out["answer"]["text"]


async def test_a_thread_takes_messages_and_streams_its_stages(client: LangGraphClient) -> None:
    thread = await client.threads.create()
    stages = []
    async for event in client.runs.stream(
        thread["thread_id"],
        "guided_profile",
        input={"messages": [{"role": "user", "content": "Where do you live these days?"}]},
        context={"user_id": "runner", "task": "dialogue", "max_retries": 0},
        stream_mode=["custom", "values"],
    ):
        if event.event == "custom":
            stages.append(event.data["stage"])
    assert stages == ["recall", "digest", "profile", "verify", "respond"]
    state = await client.threads.get_state(thread["thread_id"])
    assert state["values"]["messages"][0]["content"] == "Where do you live these days?"


async def test_a_run_without_a_user_is_the_default_users(client: LangGraphClient) -> None:
    asked = {"question": "Where do you live these days?"}
    out = await client.runs.wait(None, "dialogue", input=asked, context={"max_retries": 0})
    assert out["answer"]["reason"] == "no_history"  # nothing of the demo's people
    with pytest.raises(Exception, match="user_id is ''") as refused:
        await client.runs.wait(None, "dialogue", input=asked, context={"user_id": ""})
    assert "Traceback" not in str(refused.value)
