"""What users ask of their memory is done, and follows the answer, streamed and not."""

import json
from typing import Any

import httpx
import pytest
from asked import BEARS
from host import writer
from langgraph.store.memory import InMemoryStore
from proxied import proxied
from scripted import ScriptedChat

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore

pytestmark = pytest.mark.memory_requests
DOG = "my dog Bruno sleeps in the kitchen"
FORGET = "Please forget what I told you about my dog."
YES = "Yes, please."
ASKS = "I no longer use this; shall I delete it for good"


def said_in(answer: httpx.Response) -> str:
    """Return the words of an answer, whole or streamed."""
    if "event-stream" not in answer.headers["content-type"]:
        return str(answer.json()["choices"][0]["message"]["content"])
    events = [line[6:] for line in answer.text.splitlines() if line.startswith("data: {")]
    deltas = [json.loads(event)["choices"][0]["delta"].get("content", "") for event in events]
    return "".join(deltas).replace(" \n", "\n")


def model(prompt: str) -> Any:
    if "its letter alone." in prompt:
        message = prompt.rpartition("Message: ")[2]
        return {"B" if FORGET in message else "A": 0.9}
    if "Did the user say that it shall?" in prompt:
        return {"Yes": 0.9} if f"replies: {YES}" in prompt else {"No": 0.9}
    if "Is the user against that?" in prompt:
        return {"No": 0.9}
    if "want something answered, made or done?" in prompt:
        return {"No": 0.9}
    if "what is to be forgotten" in prompt:
        return "my dog"
    if "Is it about this:" in prompt:
        return {"Yes": 0.9} if "Bruno" in prompt else {"No": 0.9}
    return writer(prompt)


@pytest.mark.parametrize("stream", [False, True])
def test_it_is_done_reported_and_confirmed_in_the_next_turn_and_no_item(
    history: HistoryStore, stream: bool
) -> None:
    history.add("anna", [HistoryItem(text=DOG, source="chat")])
    asked: dict[str, Any] = {"user": "anna", "stream": stream}
    with proxied(history, chat=ScriptedChat(script=model)) as proxy:
        asks = {"role": "user", "content": FORGET}
        answer = proxy.post(asked | {"messages": [asks]})
        words = proxy.upstream.sent[0].last
        assert "Do not say that yourself" in words
        assert words.endswith(FORGET)
        assert said_in(answer).startswith(f"{proxy.upstream.says}\n\n{ASKS}")
        assert said_in(answer).count(ASKS) == 1
        assert "memory=forget:asks" in answer.headers["x-guided-profile"]
        again = proxy.post(asked | {"messages": [asks]})  # regenerated: it is not done anew
        assert ASKS in said_in(again)
        reply = {"role": "assistant", "content": proxy.upstream.says}
        yes = {"role": "user", "content": YES}
        answer = proxy.post(asked | {"messages": [asks, reply, yes]})
        assert "memory=confirm:done" in answer.headers["x-guided-profile"]
        assert proxy.said_by("anna") == []
        assert DOG not in [item.text for item in history.list("anna", withdrawn=True)]


def test_what_bears_is_asked_of_each_message(history: HistoryStore) -> None:
    texts = [DOG, "the bowl of my dog is blue"]
    history.add("anna", [HistoryItem(text=text, source="chat") for text in texts])
    for text in (FORGET, "What does my dog eat?"):
        chat = ScriptedChat(script=model)
        with proxied(history, chat=chat) as proxy:
            proxy.ask(text)
            assert any(map(BEARS.search, chat.prompts))


@pytest.mark.parametrize("stream", [False, True])
def test_another_process_hears_the_yes_to_what_one_asked(
    history: HistoryStore, stream: bool
) -> None:
    history.add("anna", [HistoryItem(text=DOG, source="chat")])
    store, asks = InMemoryStore(), {"role": "user", "content": FORGET}
    asked: dict[str, Any] = {"user": "anna", "stream": stream}
    with (
        proxied(history, chat=ScriptedChat(script=model), store=store) as first,
        proxied(history, chat=ScriptedChat(script=model), store=store) as another,
    ):
        said = said_in(first.post(asked | {"messages": [asks]}))
        turns = [asks, {"role": "assistant", "content": said}, {"role": "user", "content": YES}]
        answer = another.post(asked | {"messages": turns})
        assert "memory=confirm:done" in answer.headers["x-guided-profile"]
        assert another.said_by("anna") == []
    assert DOG not in [item.text for item in history.list("anna", withdrawn=True)]


def test_an_answer_of_a_fixed_form_stays_as_it_is_and_its_model_is_asked_to_say_it(
    history: HistoryStore,
) -> None:
    history.add("anna", [HistoryItem(text=DOG, source="chat")])
    asks = {"role": "user", "content": FORGET}
    form = {"type": "json_schema", "json_schema": {"name": "f", "schema": {}}}
    with proxied(history, chat=ScriptedChat(script=model)) as proxy:
        answer = proxy.post({"user": "anna", "messages": [asks], "response_format": form})
        assert "Tell them so first" in proxy.upstream.sent[0].last
        assert said_in(answer) == proxy.upstream.says
        yes = {"role": "user", "content": YES}
        reply = {"role": "assistant", "content": "{}"}
        answer = proxy.post({"user": "anna", "messages": [asks, reply, yes]})
        assert "memory=confirm:done" in answer.headers["x-guided-profile"]


def test_what_an_answer_could_not_report_the_next_one_does(history: HistoryStore) -> None:
    history.add("anna", [HistoryItem(text=DOG, source="chat")])
    asks = {"role": "user", "content": FORGET}
    with proxied(history, chat=ScriptedChat(script=model)) as proxy:
        proxy.upstream.reply = 200, b"busy", {"Content-Type": "text/plain"}
        assert proxy.post({"user": "anna", "messages": [asks]}).content == b"busy"
        proxy.upstream.reply = None
        answer = proxy.ask("Which soup is good?")
        assert ASKS in said_in(answer)


def test_the_client_of_openai_reads_what_was_done_in_a_response(
    history: HistoryStore,
) -> None:
    history.add("anna", [HistoryItem(text=DOG, source="chat")])
    with (
        proxied(history, chat=ScriptedChat(script=model)) as proxy,
        proxy.client() as client,
    ):
        answer = client.responses.create(model="m", input=FORGET, safety_identifier="anna")
        assert answer.output_text.startswith(f"{proxy.upstream.says}\n\n{ASKS}")
        stream = client.responses.stream(model="m", input=FORGET, extra_body={"user": "anna"})
        with stream as events:
            deltas = [e.delta for e in events if e.type == "response.output_text.delta"]
            final = events.get_final_response()
        assert "".join(deltas) == final.output_text
        assert final.output_text.startswith(f"{proxy.upstream.says}\n\n{ASKS}")


def talk(*texts: str) -> list[dict[str, str]]:
    return [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(texts)]


@pytest.mark.parametrize("begun_before", [False, True])
def test_a_yes_in_another_conversation_that_began_alike_confirms_nothing(
    history: HistoryStore, begun_before: bool
) -> None:
    history.add("anna", [HistoryItem(text=DOG, source="chat")])
    with proxied(history, chat=ScriptedChat(script=model)) as proxy:
        for turns in [["hi"]] * (1 + begun_before) + [["hi", "Hello.", FORGET]]:
            said = said_in(proxy.post({"user": "anna", "messages": talk(*turns)}))
        assert ASKS in said
        if not begun_before:
            proxy.post({"user": "anna", "messages": talk("hi")})
        other = talk("hi", "Hello. Shall I write a poem?", YES)
        answer = proxy.post({"user": "anna", "messages": other})
        assert "memory=" not in answer.headers["x-guided-profile"]
        proxy.said_by("anna")
        assert DOG in [item.text for item in history.list("anna", withdrawn=True)]


@pytest.mark.parametrize("way", ["chat", "conversation", "previous_response_id"])
def test_a_yes_in_the_conversation_itself_confirms(history: HistoryStore, way: str) -> None:
    history.add("anna", [HistoryItem(text=DOG, source="chat")])
    more: dict[str, Any] = {"conversation": "conv_1"} if way == "conversation" else {}
    turns: list[str] = []
    with proxied(history, chat=ScriptedChat(script=model)) as proxy:
        for text in ("hi", FORGET, YES):
            turns += [text]
            if way == "chat":
                answer = proxy.post({"user": "anna", "messages": talk(*turns)})
                turns += [said_in(answer)]
                continue
            answer = proxy.post({"user": "anna", "input": text} | more, "/responses")
            if way == "previous_response_id":
                more = {way: answer.json()["id"]}
        assert "memory=confirm:done" in answer.headers["x-guided-profile"]


@pytest.mark.parametrize("more", [{}, {"conversation": "conv_1"}])
def test_a_request_that_is_made_again_after_other_words_is_done_again(
    history: HistoryStore, more: dict[str, Any]
) -> None:
    with proxied(history, chat=ScriptedChat(script=model)) as proxy:
        for text in (DOG, FORGET, YES, f"{DOG} again", FORGET):
            answer = proxy.post({"user": "anna", "input": text} | more, "/responses")
            proxy.said_by("anna")
        assert "memory=forget:asks" in answer.headers["x-guided-profile"]
        assert [item.text for item in history.list("anna") if "Bruno" in item.text] == []


def test_what_is_known_is_shown_anew_each_time(history: HistoryStore) -> None:
    def shows(prompt: str) -> Any:
        if "its letter alone." in prompt:
            return {"E": 0.9}
        return model(prompt)

    asked = {"user": "anna", "messages": talk("What do you know about me?")}
    with proxied(history, chat=ScriptedChat(script=shows)) as proxy:
        assert "I know nothing about you yet." in said_in(proxy.post(asked))
        history.add("anna", [HistoryItem(text=DOG, source="chat")])
        for _ in range(2):
            assert DOG in said_in(proxy.post(asked))
            proxy.said_by("anna")
