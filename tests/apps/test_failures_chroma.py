"""A Chroma server that goes, and comes back: what users see, and what was acknowledged is there."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from chroma_server import ChromaServer
from endpoint import Endpoint
from host import Host, agent_of, ask, mark, said_by
from server_client import ANNA, served

from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.cli.main import main
from guided_profile.graph.errors import HistoryError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.history.store import HistoryStore

CATS = [HistoryItem(text=f"my cat Miso, number {n}", source="chat") for n in range(5)]


@pytest.fixture
def chroma(
    endpoint: type[Endpoint], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ChromaServer]:
    server = ChromaServer(tmp_path / "chroma")
    server.start()
    server.ready()
    monkeypatch.setenv("GUIDED_PROFILE_CHROMA_URL", server.url)
    yield server
    server.kill()


def test_the_command_line_names_what_to_start(
    chroma: ChromaServer, capsys: pytest.CaptureFixture[str]
) -> None:
    chroma.kill()
    assert main(["ask", "Which pet do I have?", "--user", "anna"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert f"no Chroma server answers at {chroma.url}; start one with `chroma run" in shown.err
    assert len(shown.err.strip().splitlines()) == 1


def test_the_server_says_so_and_answers_again_when_it_is_back(chroma: ChromaServer) -> None:
    items = {"items": [item.model_dump(mode="json", exclude={"time"}) for item in CATS]}
    question = {"question": "Which pet do I have?"}
    with served() as (outside, _):
        assert outside.post("/v1/history", json=items, headers=ANNA).status_code == 201
        chroma.kill()
        headers = ANNA | {"Accept": "text/event-stream"}
        answers = [
            outside.post("/v1/ask", json=question, headers=ANNA),
            outside.get("/v1/history", headers=ANNA),
            outside.post("/v1/history", json={"items": [{"text": "lost"}]}, headers=ANNA),
        ]
        for answer in answers:
            assert (answer.status_code, answer.json()["error"]) == (503, "history_unavailable")
        streamed = outside.post("/v1/ask", json=question, headers=headers).text
        assert "event: error" in streamed
        assert "history_unavailable" in streamed
        assert outside.get("/v1/ready").status_code == 503
        chroma.start()
        chroma.ready()
        assert outside.get("/v1/ready").status_code == 200
        listed = outside.get("/v1/history", headers=ANNA).json()["items"]
        assert {item["id"] for item in listed} == {item.id for item in CATS}
        answer = outside.post("/v1/ask", json=question, headers=ANNA).json()["answer"]
    assert (answer["kind"], answer["text"]) == ("answered", "Miso, my cat.")


def test_a_host_assistant_answers_without_it_and_keeps_what_was_said_meanwhile(
    chroma: ChromaServer,
) -> None:
    with Companion.open(task="dialogue") as companion:
        companion.remember("anna", CATS).result(60)
        companion.flush(60)
        agent = agent_of(companion, Host())
        chroma.kill()
        answer = ask(agent, "Does my cat like fish?")
        assert answer["messages"][-1].text == "Gladly."
        assert mark(answer)["personalized"] is False
        assert mark(answer)["failure"].startswith("HistoryError: no Chroma server answers")
        chroma.start()  # in time for one of the tries to keep it
        assert "Does my cat like fish?" in said_by(companion, "anna")
        answer = ask(agent, "And does my cat like milk?")
        assert mark(answer)["personalized"] is True
        assert mark(answer)["failure"] == ""
        assert len(said_by(companion, "anna")) == len(CATS) + 2


def test_a_write_is_tried_again_and_confirmed_only_when_it_is_there(chroma: ChromaServer) -> None:
    with HistoryStore.open(LexicalEmbedder(), url=chroma.url) as history:
        assert len(history.add("anna", CATS).added) == 5
        chroma.kill()
        with pytest.raises(HistoryError, match="no Chroma server answers"):
            history.list("anna")  # a read fails at once
        starting = threading.Timer(0.2, chroma.start)
        starting.start()
        gone = history.delete("anna", [CATS[0].id])
        assert gone == (CATS[0].id,)
        chroma.kill()
        threading.Timer(0.2, chroma.start).start()
        assert history.add("anna", CATS).added == (CATS[0].id,)
        assert history.count("anna") == 5
