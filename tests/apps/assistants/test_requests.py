"""What users say about their memory in a host's chat: done, reported once, and never an item."""

import time
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from host import Host, agent_of, ask, mark, said_by, writer
from langchain.agents import create_agent
from langchain.agents.structured_output import ToolStrategy
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore
from pydantic import BaseModel
from scripted import ScriptedChat

from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.assistants.heeding import Heeding
from guided_profile.apps.assistants.middleware import GuidedProfileMiddleware
from guided_profile.graph.context import Context
from guided_profile.graph.errors import ModelError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore

pytestmark = pytest.mark.memory_requests
DOG = "my dog Bruno sleeps in the kitchen"
FORGET = "Please forget what I told you about my dog."
REMEMBER = "Remember that I cannot eat nuts."
SHOW = "What do you know about me?"


class Model:
    """Knows what is asked of the memory; otherwise it writes profiles."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.fails = False

    def __call__(self, prompt: str) -> Any:
        if "its letter alone." in prompt:
            time.sleep(self.seconds)
            if self.fails:
                raise ModelError("the model is away; try again.")
            message = prompt.rpartition("Message: ")[2]
            letter = "B" if FORGET in message else "E" if SHOW in message else "A"
            letter = "G" if REMEMBER in message else letter
            return {letter: 0.9, "A": 0.05}
        if "Did the user say that it shall?" in prompt:
            return {"Yes": 0.9} if "replies: Yes, please." in prompt else {"No": 0.9}
        if "Is the user against that?" in prompt:
            return {"No": 0.9}
        if "what is to be forgotten" in prompt:
            return "my dog"
        if "Is it about this:" in prompt:
            return {"Yes": 0.9} if "Bruno" in prompt else {"No": 0.9}
        return writer(prompt)


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def companion(history: HistoryStore, model: Model) -> Iterator[Companion]:
    chat = ScriptedChat(script=model)
    with Companion(chat=chat, history=history, store=InMemoryStore()) as opened:
        texts = ["I cook with a cast iron skillet every day", DOG]
        history.add("anna", [HistoryItem(text=text, source="chat") for text in texts])
        opened.refresh("anna").result(60)
        yield opened


def test_it_is_done_reported_and_confirmed_in_the_next_turn_and_no_item(
    companion: Companion,
) -> None:
    host = Host()
    agent = agent_of(companion, host, checkpointer=InMemorySaver())
    answer = ask(agent, FORGET)
    words = host.sent[0][-1].text
    assert "Do not say that yourself" in words
    assert words.endswith(FORGET)
    text = answer["messages"][-1].text
    assert text.startswith("Gladly.\n\nI no longer use this; shall I delete it for good")
    assert text.count("shall I delete") == 1
    assert [act["outcome"] for act in mark(answer)["memory"]] == ["asks"]
    assert said_by(companion, "anna") == ["I cook with a cast iron skillet every day"]
    answer = ask(agent, "Yes, please.")
    assert [act["kind"] for act in mark(answer)["memory"]] == ["confirm"]
    there = [item.text for item in companion.history.list("anna", withdrawn=True)]
    assert DOG not in there
    assert not any("dog" in text for text in said_by(companion, "anna"))


def test_what_comes_late_is_reported_in_the_next_turn(companion: Companion, model: Model) -> None:
    host = Host()
    model.seconds = 1.0
    agent = agent_of(companion, host, checkpointer=InMemorySaver(), patience=0.4)
    assert mark(ask(agent, SHOW))["memory"] == []
    assert said_by(companion, "anna")[-1] == DOG  # the request is no item, though it came late
    model.seconds = 0.0
    assert companion.flush(60)
    host.says = [AIMessage("", tool_calls=[{"name": "about_me", "args": {}, "id": "1"}])]
    answer = ask(agent, "Good.")  # a tool is called first: the report comes after it
    assert [act["kind"] for act in mark(answer)["memory"]] == ["show"]
    assert "This is what I know about you." in answer["messages"][-1].text
    assert "This is what I know" not in answer["messages"][-3].text
    assert mark(ask(agent, "Well."))["memory"] == []


def test_a_model_that_fails_costs_the_chat_nothing(companion: Companion, model: Model) -> None:
    model.fails = True
    answer = ask(agent_of(companion, Host()), SHOW)
    assert answer["messages"][-1].text == "Gladly."
    assert mark(answer)["memory"] == []


def test_a_host_may_leave_it_out(companion: Companion) -> None:
    host = Host()
    answer = ask(agent_of(companion, host, obeys_requests=False), FORGET)
    assert mark(answer)["memory"] == []
    assert FORGET in said_by(companion, "anna")


def test_a_yes_confirms_only_what_the_answer_before_it_asked(
    companion: Companion, model: Model
) -> None:
    model.seconds = 1.0
    agent = agent_of(companion, Host(), checkpointer=InMemorySaver(), patience=0.4)
    assert mark(ask(agent, FORGET))["memory"] == []
    assert companion.flush(60)
    model.seconds = 0.0
    acts = mark(ask(agent, "Yes, please. Some soup."))["memory"]
    assert [act["outcome"] for act in acts] == ["asks"]  # now they are asked, for the first time
    assert DOG in [item.text for item in companion.history.list("anna", withdrawn=True)]
    assert mark(ask(agent, "Yes, please.", thread="2"))["memory"] == []  # where nothing was asked
    assert [act["kind"] for act in mark(ask(agent, "Yes, please."))["memory"]] == ["confirm"]
    assert DOG not in [item.text for item in companion.history.list("anna", withdrawn=True)]


def test_an_answer_that_failed_asked_nothing(companion: Companion) -> None:
    class Away(Host):
        def _generate(self, *given: Any, **more: Any) -> Any:
            raise RuntimeError("the host's model is away")

    memory = InMemorySaver()
    with pytest.raises(RuntimeError, match="away"):
        ask(agent_of(companion, Away(), checkpointer=memory), FORGET)
    agent = agent_of(companion, Host(), checkpointer=memory)
    assert "confirm" not in [act["kind"] for act in mark(ask(agent, "Yes, please."))["memory"]]
    assert DOG in [item.text for item in companion.history.list("anna", withdrawn=True)]


def test_what_a_message_asks_of_the_memory_is_asked_once(companion: Companion) -> None:
    chat = companion.chat
    assert isinstance(chat, ScriptedChat)
    chat.prompts.clear()
    ask(agent_of(companion, Host()), SHOW)
    assert len([prompt for prompt in chat.prompts if "letter alone." in prompt]) == 1


def test_what_is_remembered_is_written_when_its_future_is_done_though_judged_late(
    companion: Companion,
) -> None:
    judged: Future[Any] = Future()
    item = HistoryItem(text="I swim", source="chat")
    done = companion.remember("anna", [item], heeded={item.id: judged})
    time.sleep(0.2)
    assert not done.done()
    judged.set_result(None)
    done.result(60)
    assert "I swim" in [kept.text for kept in companion.history.list("anna")]


def words_in(heeding: Heeding) -> str:
    done = [judged.result() for judged in heeding._begun.values() if judged.done()]
    return str([(outcome.acts, outcome.to_keep) for outcome in done if outcome])


def test_no_words_are_kept_when_the_turn_is_over(companion: Companion) -> None:
    heeding = Heeding(companion)
    message = HumanMessage(FORGET, id="1")
    judged = heeding.of("anna", "1", message)
    judged.result(60)
    acts = heeding.acts_to_report("anna", judged)
    assert DOG in str(acts)
    heeding.over("anna", "1")
    assert DOG in words_in(heeding)  # they are not told yet
    heeding.answered("anna", "1", acts)
    heeding.over("anna", "1")
    assert "Bruno" not in words_in(heeding)
    again = heeding.of("anna", "1", message)  # the answer is written once more
    assert [act.kind for act in heeding.acts_to_report("anna", again)] == ["forget"]


def test_where_nothing_is_remembered_the_answer_says_so(companion: Companion) -> None:
    for user, remembers, outcome, text in (
        ("anna", True, "done", "I will remember that."),
        (
            "ben",
            False,
            "cannot",
            "I cannot remember that, since nothing that is said here is kept.",
        ),
    ):
        agent = agent_of(companion, Host(), remembers=remembers)
        answer = ask(agent, REMEMBER, user)
        assert [act["outcome"] for act in mark(answer)["memory"]] == [outcome]
        assert answer["messages"][-1].text == f"Gladly.\n\n{text}"
        assert (said_by(companion, user)[-1:] == [REMEMBER]) is remembers


def test_where_nothing_is_remembered_no_words_are_kept_either(companion: Companion) -> None:
    middleware = GuidedProfileMiddleware(companion, remembers=False, patience=60.0)
    agent = create_agent(Host(), [], middleware=[middleware], context_schema=Context)
    assert "Bruno" in ask(agent, FORGET)["messages"][-1].text
    assert "Bruno" not in words_in(middleware._heeding)


def test_of_a_message_that_asks_two_things_only_what_is_to_be_kept_is(
    companion: Companion,
) -> None:
    ask(agent_of(companion, Host()), f"{REMEMBER} {FORGET}")
    assert said_by(companion, "anna")[-1] == REMEMBER
    assert not any("dog" in text for text in said_by(companion, "anna"))


@pytest.mark.parametrize("blocks", [False, True])
async def test_a_stream_tells_what_was_done_once_as_the_last_piece_of_the_answer(
    companion: Companion, blocks: bool
) -> None:
    content: Any = [{"type": "text", "text": "Well."}] if blocks else "Well."
    agent = agent_of(companion, Host(says=[AIMessage(content)]), checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    said: Any = {"messages": [("user", SHOW)]}
    parts = [
        part
        async for part, _ in agent.astream(
            said, config, context=Context(user_id="anna"), stream_mode="messages"
        )
        if isinstance(part, AIMessage)
    ]
    kept = agent.get_state(config).values["messages"][-1]
    assert "".join(part.text for part in parts) == kept.text
    assert kept.text.startswith("Well.\n\nThis is what I know about you.")
    assert {part.id for part in parts} == {kept.id}


def test_an_answer_of_a_fixed_form_stays_as_it_is_and_its_model_is_asked_to_say_it(
    companion: Companion,
) -> None:
    class Dish(BaseModel):
        name: str

    call = {"name": "Dish", "args": {"name": "soup"}, "id": "1"}
    host = Host(says=[AIMessage("", tool_calls=[call])])
    middleware = GuidedProfileMiddleware(companion, patience=60.0, offers_tools=False)
    agent = create_agent(
        host,
        [],
        middleware=[middleware],
        context_schema=Context,
        response_format=ToolStrategy(Dish),
        checkpointer=InMemorySaver(),
    )
    answer = ask(agent, SHOW)
    assert answer["structured_response"] == Dish(name="soup")
    assert "Tell them so first" in host.sent[0][-1].text
    assert all(message.text == "" for message in answer["messages"] if message.type == "ai")


def test_it_is_reported_in_the_users_language_and_an_instruction_holds_for_the_own_task(
    history: HistoryStore,
) -> None:
    always = "Bitte antworte mir ab jetzt immer und ausschließlich auf Deutsch und sehr kurz."

    def says(prompt: str) -> Any:
        if "its letter alone." in prompt:
            return {"F": 0.9, "A": 0.05}
        if "nothing else." in prompt and "German" in prompt:
            return "Von jetzt an halte ich mich immer daran."
        return {"No": 0.9} if "Yes or No" in prompt else writer(prompt)

    chat = ScriptedChat(script=says)
    with Companion(
        chat=chat, history=history, store=InMemoryStore(), task="paraphrase"
    ) as companion:
        answer = ask(agent_of(companion, Host()), always)
        assert "Von jetzt an halte ich mich immer daran." in answer["messages"][-1].text
        known = companion.known("anna", "Was koche ich?", 100).result(60)
        assert known.profile is not None
        assert [sentence.text for sentence in known.profile.sentences] == [always]
