"""What the workflow does when the model abstains, or ought to."""

from typing import Any

import pytest
from asked import lines_of
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command
from scripted import ScriptedChat
from workflows import ANNA, GUIDANCE, graph_of, items, responses, script, stage_of

from guided_profile.graph.build import build_graph, utc_now
from guided_profile.graph.context import Context
from guided_profile.graph.errors import QuestionError
from guided_profile.graph.state import Abstained, Answered
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.corrections import forbid
from guided_profile.tools.profiles.plan import variant_of
from guided_profile.tools.profiles.store import ProfileStore
from guided_profile.tools.search.ranking import tokens_of


@pytest.mark.parametrize(
    ("replies", "tries"),
    [(["Sorry, I can't tell.", "Miso!"], 1), (["Sorry.", "Sorry, no.", "Miso!"], 2)],
)
async def test_an_abstention_is_retried_wider_until_an_answer_comes(
    history: HistoryStore, replies: list[str], tries: int
) -> None:
    tricks = items(*(f"my cat Miso did trick number {n}" for n in range(10)))
    history.add("anna", tricks)
    graph, chat = graph_of(history, *replies)
    room_for_two = 2 * max(map(tokens_of, tricks))
    out = await graph.ainvoke(
        {"question": "Any pets?"}, context=Context(user_id="anna", recall_tokens=room_for_two)
    )
    assert isinstance(out["answer"], Answered)
    assert out["answer"].text == "Miso!"
    assert out["answer"].tries == tries
    asked = responses(chat)
    assert len(set(asked)) == tries + 1
    recalled = [len(lines_of(prompt)) for prompt in asked]
    assert recalled == [2, 4, 8][: tries + 1]
    assert "best" not in asked[0]
    assert all("history supports best" in prompt for prompt in asked[1:])
    digests = [prompt for prompt in chat.prompts if stage_of(prompt) == "digest"]
    assert "Any pets?" not in digests[0]
    assert all("Any pets?" in prompt for prompt in digests[1:])


async def test_an_abstention_that_stays_is_returned_with_its_reason_after_the_bound(
    history: HistoryStore,
) -> None:
    history.add("anna", ANNA)
    graph, chat = graph_of(history, "Sorry, I don't know.")
    out = await graph.ainvoke({"question": "Any pets?"}, context=Context(user_id="anna"))
    answer = out["answer"]
    assert isinstance(answer, Abstained)
    assert (answer.reason, answer.tries, answer.reply) == (
        "declined",
        2,
        "Sorry, I don't know.",
    )
    assert len(responses(chat)) == 3
    assert out["messages"][-1].text == answer.detail


@pytest.mark.parametrize(
    ("reply", "reason"), [("", "empty"), ("  ", "empty"), ("Sorry, no.", "declined")]
)
async def test_an_abstention_has_the_reason_it_was_found_by(
    history: HistoryStore, reply: str, reason: str
) -> None:
    history.add("anna", ANNA)
    graph, _ = graph_of(history, reply)
    context = Context(user_id="anna", max_retries=0)
    out = await graph.ainvoke({"question": "Any pets?"}, context=context)
    assert out["answer"].reason == reason


async def test_a_cut_off_reply_is_no_answer(history: HistoryStore) -> None:
    history.add("anna", ANNA)
    chat = ScriptedChat(script=script("a reply that goes on and on and on and on"), cut_off=4)
    graph = build_graph(chat=chat, history=history)
    context = Context(user_id="anna", max_retries=0)
    out = await graph.ainvoke({"question": "Any pets?"}, context=context)
    assert out["answer"].reason == "cut_off"


@pytest.mark.parametrize(
    ("question", "reply", "declined"),
    [
        ("I am sorry that I am late.", "sorry im late", False),  # the question holds it itself
        ("I am late.", "SORRY, I’d rather not", True),
        ("I am late.", "im late", False),
    ],
)
async def test_a_task_may_name_phrases_that_decline(
    history: HistoryStore, question: str, reply: str, declined: bool
) -> None:
    history.add("anna", ANNA)
    builtin = builtin_tasks()["paraphrase"]
    rule = builtin.abstention.model_copy(update={"phrases": ("Sorry",)})
    task = builtin.model_copy(update={"abstention": rule})
    graph, _ = graph_of(history, reply, tasks=[task])
    context = Context(user_id="anna", task="paraphrase", max_retries=0)
    out = await graph.ainvoke({"question": question}, context=context)
    assert (out["answer"].kind == "abstained") is declined


@pytest.mark.parametrize(("yes", "kind"), [(0.3, "abstained"), (0.4, "answered")])
async def test_whether_a_reply_declines_is_asked_of_the_reply_in_any_language(
    history: HistoryStore, yes: float, kind: str
) -> None:
    history.add("anna", ANNA)
    reply = "Lo siento, <|no|> lo sé."
    known = script(reply)

    def said(prompt: str) -> str | dict[str, float]:
        return {"Yes": yes, "No": 1 - yes} if stage_of(prompt) == "answers" else known(prompt)

    chat = ScriptedChat(script=said)
    graph = build_graph(chat=chat, history=history)
    context = Context(user_id="anna", max_retries=0)
    out = await graph.ainvoke({"question": "Which <|club|>?"}, context=context)
    assert out["answer"].kind == kind
    asked = chat.prompts[-1]
    assert "Question: Which &lt;|club|&gt;?\nReply: Lo siento, &lt;|no|&gt; lo sé.\n" in asked
    assert ANNA[0].text not in asked
    chat.logprobs = False  # then the words count, which are No
    out = await graph.ainvoke({"question": "Which <|club|>?"}, context=context)
    assert out["answer"].kind == "abstained"


@pytest.mark.parametrize("logprobs", [True, False])
@pytest.mark.parametrize(
    ("reply", "answers"),
    [
        ("Better safe than sorry: take the umbrella.", True),
        ("I can't tell you how much you would like the harbour!", True),
        ("Sie sagten „Das weiß ich nicht“, und lachten.", True),
        ("Das weiß ich nicht.", False),
        ("Je n'en ai aucune idée.", False),
        ("それは分かりません。", False),
        ("لا أعرف ذلك.", False),
        ("That was never mentioned.", False),
    ],
)
async def test_the_models_verdict_on_a_reply_counts_and_no_words_in_it(
    history: HistoryStore, reply: str, answers: bool, logprobs: bool
) -> None:
    history.add("anna", ANNA)
    known = script(reply)

    def said(prompt: str) -> str | dict[str, float]:
        if stage_of(prompt) != "answers":
            return known(prompt)
        assert f"Reply: {reply}\n" in prompt
        return {"Yes": 0.9, "No": 0.1} if answers else {"Yes": 0.1, "No": 0.9}

    chat = ScriptedChat(script=said)
    chat.logprobs = logprobs
    graph = build_graph(chat=chat, history=history)
    context = Context(user_id="anna", max_retries=0)
    out = (await graph.ainvoke({"question": "What then?"}, context=context))["answer"]
    assert (out.kind, out.text if answers else out.reason) == (
        ("answered", reply) if answers else ("abstained", "declined")
    )


async def test_the_papers_phrase_asks_once_more_and_the_models_word_counts_then(
    history: HistoryStore,
) -> None:
    history.add("anna", ANNA)
    known = script("Better safe than sorry: take the umbrella.")
    graph = build_graph(chat=ScriptedChat(script=known), history=history)
    out = (await graph.ainvoke({"question": "What then?"}, context=Context(user_id="anna")))[
        "answer"
    ]
    assert (out.kind, out.tries) == ("answered", 1)

    def better(prompt: str) -> str | dict[str, float]:
        return known(prompt) if "Look again" not in prompt else "The umbrella."

    def said(prompt: str) -> str | dict[str, float]:
        return better(prompt) if stage_of(prompt) == "respond" else known(prompt)

    graph = build_graph(chat=ScriptedChat(script=said), history=history)
    out = (await graph.ainvoke({"question": "What then?"}, context=Context(user_id="anna")))[
        "answer"
    ]
    assert (out.kind, out.text, out.tries) == ("answered", "The umbrella.", 1)


async def test_a_reply_is_not_asked_about_where_the_task_or_the_row_does_not_want_it(
    history: HistoryStore,
) -> None:
    history.add("anna", ANNA)
    for context in (
        Context(user_id="anna", task="assistant"),
        Context(user_id="anna", task="paraphrase"),
        Context(user_id="anna", sees=()),
    ):
        graph, chat = graph_of(history, "Well, no.")
        out = await graph.ainvoke({"question": "Any pets?"}, context=context)
        assert out["answer"].text == "Well, no."
        assert "answers" not in map(stage_of, chat.prompts)


async def test_a_question_that_the_history_says_nothing_about_gets_no_invented_answer(
    history: HistoryStore,
) -> None:
    history.add("anna", ANNA)

    def said(prompt: str) -> str | dict[str, float]:
        if stage_of(prompt) == "check":
            return {"Yes": 0.1, "No": 0.7, "Maybe": 0.2}
        return GUIDANCE if stage_of(prompt) != "respond" else "I supported Manchester."

    chat = ScriptedChat(script=said)
    graph = build_graph(chat=chat, history=history)
    out = await graph.ainvoke({"question": "Which club?"}, context=Context(user_id="anna"))
    assert (out["answer"].kind, out["answer"].reason) == ("abstained", "not_in_history")
    assert responses(chat) == []
    chat.logprobs = False  # then the model's own word is all there is
    out = await graph.ainvoke({"question": "Which club?"}, context=Context(user_id="anna"))
    assert out["answer"].text == "I supported Manchester."


async def test_a_user_without_history_costs_no_call_and_gets_no_invented_answer(
    history: HistoryStore,
) -> None:
    history.add("anna", ANNA)
    graph, chat = graph_of(history, "invented")
    out = await graph.ainvoke({"question": "Any pets?"}, context=Context(user_id="ben"))
    assert out["answer"].reason == "no_history"
    assert chat.prompts == []


async def test_a_task_may_ask_the_user_and_remembers_the_reply(history: HistoryStore) -> None:
    history.add("anna", ANNA)
    builtin = builtin_tasks()["dialogue"]
    asking = builtin.abstention.model_copy(update={"policy": "ask"})
    task = builtin.model_copy(update={"abstention": asking})
    graph, chat = graph_of(
        history, "Sorry, I can't tell.", "Green.", tasks=[task], checkpointer=InMemorySaver()
    )
    config: Any = {"configurable": {"thread_id": "1"}}
    context = Context(user_id="anna")
    out = await graph.ainvoke({"question": "What color?"}, config, context=context)
    assert out["__interrupt__"][0].value["clarify"] == asking.clarifying_question
    out = await graph.ainvoke(Command(resume="i like green"), config, context=context)
    assert out["answer"].text == "Green."
    assert "i like green" in responses(chat)[1]
    assert [i.text for i in history.list("anna") if i.source == "clarification"] == ["i like green"]


@pytest.mark.parametrize("reply", ["x" * 20_001, "  ", 7])
async def test_a_reply_that_cannot_be_kept_is_asked_for_again(
    history: HistoryStore, reply: Any
) -> None:
    history.add("anna", ANNA)
    builtin = builtin_tasks()["dialogue"]
    asking = builtin.abstention.model_copy(update={"policy": "ask"})
    task = builtin.model_copy(update={"abstention": asking})
    graph, _ = graph_of(history, "Sorry.", "A cat.", tasks=[task], checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "1"}}
    context = Context(user_id="anna")
    await graph.ainvoke({"question": "Any pets?"}, thread, context=context)
    out = await graph.ainvoke(Command(resume=reply), thread, context=context)
    assert out["__interrupt__"]
    out = await graph.ainvoke(Command(resume="a cat \ud83d"), thread, context=context)
    assert out["answer"].text == "A cat."
    assert "a cat ?" in [item.text for item in history.list("anna")]


@pytest.mark.parametrize("forgotten", [False, True])
async def test_a_response_that_may_see_nothing_is_not_asked_for(
    history: HistoryStore, forgotten: bool
) -> None:
    """A profile may have no sentence that counts: an answer would be that to another question."""
    history.add("anna", ANNA)
    saver, store = InMemorySaver(), InMemoryStore()
    thread: Any = {"configurable": {"thread_id": "1"}}
    graph, chat = graph_of(history, "Miso!", store=store, checkpointer=saver)
    context = Context(user_id="anna", sees=("profile",))
    first = await graph.ainvoke({"question": "Any pets?"}, thread, context=context)
    assert first["answer"].text == "Miso!"
    task = builtin_tasks()["dialogue"].with_switches(context)
    if forgotten:
        profiles = ProfileStore(store, "anna", task.name, variant_of(task))
        for sentence in first["answer"].profile.supported:
            await forbid(profiles, sentence.text, now=utc_now())
    else:
        graph, chat = graph_of(history, "Miso!", store=InMemoryStore(), checkpointer=saver)
        chat.script = lambda prompt: "This person owns a yacht."
    for question in ("Any hobbies?", "Any plans?"):
        out = await graph.ainvoke({"question": question}, thread, context=context)
        assert isinstance(out["answer"], Abstained)
        assert out["answer"].reason == "no_history"
    assert not [prompt for prompt in responses(chat) if "Any plans?" in prompt]


async def test_a_refused_question_does_not_come_again(history: HistoryStore) -> None:
    history.add("anna", ANNA)
    graph, chat = graph_of(history, "Miso!", checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "1"}}
    context = Context(user_id="anna")
    with pytest.raises(QuestionError, match="takes no options"):
        await graph.ainvoke({"question": "Which?", "options": ["a", "b"]}, thread, context=context)
    question: Any = {"messages": [("user", "Any pets?")]}
    assert (await graph.ainvoke(question, thread, context=context))["answer"].text == "Miso!"
    assert all("Which?" not in prompt for prompt in responses(chat))
