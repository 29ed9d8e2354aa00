"""What users see when the model's endpoint fails, by each of the three ways in.

What fails leaves no answer, no profile and no trace behind it, and what was kept before is there.
"""

import asyncio
import json
from functools import partial
from typing import Any

import faults
import openai._base_client as client
import pytest
from endpoint import Endpoint
from host import Host, agent_of, ask, mark, said_by
from langgraph.store.base import SearchItem
from server_client import ANNA, served

from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.cli.main import main
from guided_profile.apps.settings import read_settings
from guided_profile.graph.errors import ModelError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools import assembly
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.models import transport
from guided_profile.tools.models.calls import endpoint_model
from guided_profile.tools.profiles.sqlite import open_profiles
from guided_profile.tools.profiles.store import everything, user_namespace

ASK = ["ask", "Which pet do I have?", "--user", "anna"]
ASKED = {"question": "Which pet do I have?"}
STREAM = {"Accept": "text/event-stream"}

FAILS: dict[str, tuple[faults.Fault | None, str]] = {
    "refuses": (None, "cannot be reached"),
    "hangs": (faults.hangs, "did not answer in time"),
    "trickles": (faults.trickles, "did not answer in time"),
    "429": (faults.status(429), "rate limit or quota: wait"),
    "500": (faults.status(500), "failed after retries"),
    "cut": (faults.drops, "broke off"),
    "garbage": (faults.sends(b"<html>no</html>"), "not a reply of the OpenAI API"),
    "another schema": (
        faults.sends({"message": {"role": "assistant", "content": "Miso"}, "done": True}),
        "not a reply of the OpenAI API",
    ),
    "endless": (faults.endless, "does not end"),
}
FAILURES = pytest.mark.parametrize(("fault", "said"), FAILS.values(), ids=FAILS)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less, and read less of what does not end."""
    monkeypatch.setattr(client, "INITIAL_RETRY_DELAY", 0.001)
    monkeypatch.setattr(transport, "MOST_REPLY_BYTES", 2_000_000)


def breaks(endpoint: type[Endpoint], monkeypatch: pytest.MonkeyPatch, fault: Any) -> None:
    endpoint.fault = fault
    if fault is None:
        monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    if fault in (faults.hangs, faults.trickles):  # two minutes, else
        monkeypatch.setattr(assembly, "endpoint_model", partial(endpoint_model, timeout=0.3))


def kept() -> list[SearchItem]:
    """Return all that is kept of Anna beside her history, which is as it was."""
    data = read_settings().data
    with HistoryStore.open(LexicalEmbedder(), path=data / "history") as history:
        assert history.count("anna") == 2

    async def profiles() -> list[SearchItem]:
        async with open_profiles(data / "profiles.db") as store:
            return await everything(store, user_namespace("anna"))

    return asyncio.run(profiles())


@FAILURES
def test_the_command_line_says_in_one_line_what_to_do(
    added: type[Endpoint],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: faults.Fault | None,
    said: str,
) -> None:
    capsys.readouterr()
    with monkeypatch.context() as broken:
        breaks(added, broken, fault)
        assert main(ASK) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in shown.err
    assert len(shown.err.strip().splitlines()) == 1
    assert faults.SECRET not in shown.err
    assert kept() == []
    added.fault = None
    assert main(ASK) == 0
    assert "Miso, my cat." in capsys.readouterr().out


@FAILURES
def test_the_server_says_that_the_model_does_not_answer(
    added: type[Endpoint],
    monkeypatch: pytest.MonkeyPatch,
    fault: faults.Fault | None,
    said: str,
) -> None:
    with monkeypatch.context() as broken:
        breaks(added, broken, fault)
        with served() as (outside, _):
            whole = outside.post("/v1/ask", json=ASKED, headers=ANNA)
            streamed = outside.post("/v1/ask", json=ASKED, headers=ANNA | STREAM)
    assert (whole.status_code, whole.json()["error"]) == (503, "model_unavailable")
    *_, event, data = [line for line in streamed.text.splitlines() if line]
    assert event == "event: error"
    assert json.loads(data.removeprefix("data: ")) == whole.json()
    assert "event: answer" not in streamed.text
    assert faults.SECRET not in whole.text + streamed.text
    assert kept() == []
    added.fault = None
    with served() as (outside, _):
        answer = outside.post("/v1/ask", json=ASKED, headers=ANNA).json()["answer"]
    assert (answer["kind"], answer["text"]) == ("answered", "Miso, my cat.")


@FAILURES
def test_a_host_assistant_answers_unpersonalized_and_marks_it(
    added: type[Endpoint],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: faults.Fault | None,
    said: str,
) -> None:
    with monkeypatch.context() as broken:
        breaks(added, broken, fault)
        with Companion.open(task="dialogue") as companion:
            with pytest.raises(ModelError, match=said):
                companion.refresh("anna").result(60)
            agent = agent_of(companion, Host(), recall_tokens=0)
            answer = ask(agent, "Is it far by bicycle?")
            assert answer["messages"][-1].text == "Gladly."
            assert mark(answer) == {
                "personalized": False,
                "profile_version": None,
                "items": 0,
                "failure": "",
                "used": [],
                "always": [],
                "held_back": [],
                "memory": [],
            }
            assert len(said_by(companion, "anna")) == 3
            companion.history.delete("anna", [companion.history.list("anna")[-1].id])
    assert "the profile is not made: ModelError" in caplog.text
    assert faults.SECRET not in caplog.text
    assert kept() == []
    added.fault = None
    with Companion.open(task="dialogue") as companion:
        companion.refresh("anna").result(60)
        answer = ask(agent_of(companion, Host(), recall_tokens=0, remembers=False), "By bicycle?")
        assert mark(answer)["profile_version"] == 1


SAYS = {
    "empty": ("", "empty"),
    "endless": ("and so on " * 20_000, "cut_off"),
}


@pytest.mark.parametrize(("text", "reason"), SAYS.values(), ids=SAYS)
def test_a_text_that_is_no_answer_is_an_abstention_that_says_so(
    added: type[Endpoint], capsys: pytest.CaptureFixture[str], text: str, reason: str
) -> None:
    added.fault = faults.says(text)
    with served() as (outside, _):
        answer = outside.post("/v1/ask", json=ASKED, headers=ANNA).json()["answer"]
        streamed = outside.post("/v1/ask", json=ASKED, headers=ANNA | STREAM).text
    assert (answer["kind"], answer["reason"]) == ("abstained", reason)
    assert '"kind": "abstained"' in streamed
    capsys.readouterr()
    assert main(ASK) == 3
    assert "No answer." in capsys.readouterr().out


def test_an_empty_profile_takes_nobodys_place(added: type[Endpoint]) -> None:
    """A model that wrote nothing failed: there is no profile then, or the one before stands."""
    added.fault = faults.says("")
    with Companion.open(task="dialogue") as companion:
        companion.refresh("anna").result(60)
        assert companion.known("anna", "", 0).result(60).profile is None
        added.fault = None
        companion.refresh("anna").result(60)
        before = companion.known("anna", "", 0).result(60).profile
        added.fault = faults.says("")
        news = [HistoryItem(text=f"the cat and news {n}", source="chat") for n in range(3)]
        companion.history.add("anna", news)
        companion.refresh("anna").result(60)
        assert companion.known("anna", "", 0).result(60).profile == before
        added.fault = None
        companion.refresh("anna").result(60)
        after = companion.known("anna", "", 0).result(60).profile
    assert before is not None
    assert after is not None
    assert (before.version, after.version) == (1, 2)


def test_a_profile_in_another_language_is_used_only_where_the_history_supports_it(
    added: type[Endpoint],
) -> None:
    added.fault = faults.says("この人は猫を飼っています。")
    with served() as (outside, _):
        answer = outside.post("/v1/ask", json=ASKED, headers=ANNA).json()["answer"]
    assert (answer["kind"], answer["text"]) == ("answered", "この人は猫を飼っています。")
    assert answer["evidence"] == []
    assert [sentence["evidence"] for sentence in answer["profile"]["sentences"]] == [[]]
    assert not any("Profile of this person:" in prompt for prompt in added.prompts)
