"""What the response sees of what is known, and what the answer says of it."""

from datetime import UTC, datetime
from typing import Any

from langgraph.store.memory import InMemoryStore
from scripted import ScriptedChat
from workflows import items, responses, stage_of

from guided_profile.graph.build import build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.prompts import WHETHER_IT_BEARS
from guided_profile.graph.state import Answered
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.corrections import pin
from guided_profile.tools.profiles.store import ProfileStore

NUTS = "This person is allergic to hazelnuts."
BREAD = "This person bakes rye bread."
DEBT = "This person has debts on a credit card."
PAST = items(
    "hazelnuts: i am allergic", "baked rye bread again", "my debts on the credit card grow"
)
USES = {NUTS: "A", BREAD: "B", DEBT: "C"}


def says(prompt: str) -> str:
    return f"{NUTS} {BREAD} {DEBT}" if stage_of(prompt) == "profile" else "Gladly."


def shown(chat: ScriptedChat) -> str:
    """Return the first prompt of the response; later ones hold it against the limits."""
    return next(prompt for prompt in responses(chat) if "This person asks:" in prompt)


async def ask(
    history: HistoryStore, question: str, chat: ScriptedChat | None = None, **more: Any
) -> tuple[Answered, ScriptedChat]:
    chat = chat or ScriptedChat(script=says, uses=lambda note: USES.get(note, "A"))
    history.add("anna", PAST)
    graph = build_graph(chat=chat, history=history, store=more.pop("store", None))
    context = Context(user_id="anna", task="assistant", **more)
    out = await graph.ainvoke({"question": question}, context=context)
    assert isinstance(out["answer"], Answered)
    return out["answer"], chat


async def test_what_bears_stands_directly_before_the_request(history: HistoryStore) -> None:
    answer, chat = await ask(history, "Which flour for rye bread?")
    prompt = shown(chat)
    block, _, request = prompt.partition(WHETHER_IT_BEARS.text)
    assert block.index("baked rye bread again") < block.index(NUTS) < block.index(BREAD)
    assert block.endswith(f"{BREAD}\n\n")
    assert request.startswith("This person asks: Which flour for rye bread?")
    assert answer.used == (NUTS, BREAD)
    assert [(sentence.text, sentence.reason) for sentence in answer.held_back] == [
        (DEBT, "private")
    ]
    assert "debts" not in prompt


async def test_a_trivial_turn_shows_what_is_always_kept_to_and_nothing_else(
    history: HistoryStore,
) -> None:
    chat = ScriptedChat(script=says, uses=lambda note: USES[note], bears=lambda *asked: 0.1)
    answer, chat = await ask(history, "Thanks!", chat)
    assert answer.used == (NUTS,)
    prompt = shown(chat)
    assert "<history>\n" not in prompt
    assert BREAD not in prompt
    assert answer.evidence == ()


async def test_a_task_may_use_all_that_it_knows(history: HistoryStore) -> None:
    answer, chat = await ask(history, "Thanks!", restraint=False)
    assert answer.used == (NUTS, BREAD, DEBT)
    assert answer.held_back == ()
    assert {stage_of(prompt) for prompt in chat.prompts}.isdisjoint({"bears", "use"})
    assert WHETHER_IT_BEARS.text not in shown(chat)


async def test_a_standing_profile_keeps_what_its_sentences_are_for(history: HistoryStore) -> None:
    store = InMemoryStore()
    first, chat = await ask(history, "Which flour for rye bread?", store=store)
    again, _ = await ask(history, "Which flour for rye bread?", chat, store=store)
    assert first.profile
    assert [sentence.use for sentence in first.profile.sentences] == [
        "always",
        "topical",
        "private",
    ]
    assert again.profile == first.profile
    assert sum(stage_of(prompt) == "use" for prompt in chat.prompts) == 6


async def test_it_is_decided_once_what_a_pinned_sentence_is_for(history: HistoryStore) -> None:
    store = InMemoryStore()
    profiles = ProfileStore(store, "anna", "assistant")
    await pin(profiles, "Call me Dr. Berg.", now=datetime.now(UTC))
    await pin(profiles, "I owe my brother money.", now=datetime.now(UTC), use="private")
    answer, chat = await ask(history, "Thanks!", store=store)
    assert "Call me Dr. Berg." in answer.used
    assert "I owe my brother money." in [sentence.text for sentence in answer.held_back]
    asked = [prompt for prompt in chat.prompts if stage_of(prompt) == "use"]
    assert sum("Dr. Berg" in prompt for prompt in asked) == 2
    await ask(history, "Hello!", chat, store=store)
    asked = [prompt for prompt in chat.prompts if stage_of(prompt) == "use"]
    assert sum("Dr. Berg" in prompt or "brother" in prompt for prompt in asked) == 2


async def test_another_try_shows_all_but_what_is_private(history: HistoryStore) -> None:
    def empty(prompt: str) -> str:
        return "" if "This person asks:" in prompt and "Look again" not in prompt else says(prompt)

    task = builtin_tasks()["assistant"]
    retries = task.abstention.model_copy(update={"policy": "retry"})
    chat = ScriptedChat(script=empty, uses=lambda note: USES[note], bears=lambda *asked: 0.1)
    history.add("anna", PAST)
    graph = build_graph(
        chat=chat, history=history, tasks=[task.model_copy(update={"abstention": retries})]
    )
    context = Context(user_id="anna", task="assistant")
    out = await graph.ainvoke({"question": "Where is Peru?"}, context=context)
    assert out["answer"].tries == 1
    assert out["answer"].used == (NUTS, BREAD)
    assert [(sentence.text, sentence.reason) for sentence in out["answer"].held_back] == [
        (DEBT, "private")
    ]
    assert "debts" not in responses(chat)[-1]


async def test_a_profile_made_without_restraint_is_not_used_with_it(history: HistoryStore) -> None:
    store = InMemoryStore()
    _, chat = await ask(history, "Hello!", store=store, restraint=False)
    chat.uses = lambda note: USES[note]
    answer, _ = await ask(history, "Hello!", chat, store=store)
    assert DEBT not in answer.used
    assert DEBT in [sentence.text for sentence in answer.held_back]
