"""What the writer of a profile is asked, sees, and writes."""

import pytest
from asked import lines_of, writes_profile
from scripted import ScriptedChat
from workflows import items, script

from guided_profile.graph.build import build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.state import Answered
from guided_profile.tools.history.store import HistoryStore

BAKER = items("i bake two rye loaves every sunday", "my cat sleeps in the flour")


async def asked(
    history: HistoryStore, chat: ScriptedChat, given: list[HistoryItem], **context: int
) -> Answered:
    history.add("ada", given)
    graph = build_graph(chat=chat, history=history)
    out = await graph.ainvoke(
        {"question": "What do you bake?"}, context=Context(user_id="ada", **context)
    )
    assert isinstance(out["answer"], Answered), out["answer"]
    return out["answer"]


def writing(guidance: str, profile: str, *, cut_off: int | None = None) -> ScriptedChat:
    known = script("Rye.")

    def said(prompt: str) -> str | dict[str, float]:
        if writes_profile(prompt):
            return profile
        return guidance if "Note each in one short line" in prompt else known(prompt)

    return ScriptedChat(script=said, cut_off=cut_off)


def writers_prompt(chat: ScriptedChat) -> str:
    (prompt,) = filter(writes_profile, chat.prompts)
    return prompt


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        (("ich backe jeden Sonntag zwei Roggenbrote", "meine Katze schläft im Mehl"), "German"),
        (("毎週日曜日にライ麦パンを焼きます", "猫は小麦粉の中で寝ています"), "Japanese"),
        (("i bake two rye loaves every sunday", "my cat sleeps in the flour"), None),
        (("😀", "12"), None),
    ],
)
async def test_a_profile_is_asked_for_in_the_language_of_the_history(
    history: HistoryStore, texts: tuple[str, ...], language: str | None
) -> None:
    chat = writing("Bread.", "This person bakes.")
    await asked(history, chat, items(*texts))
    prompt = writers_prompt(chat)
    assert prompt.endswith(f"\nWrite it in {language}.") == (language is not None)
    assert ("Write it in" in prompt) == (language is not None)


async def test_line_numbers_that_a_reply_cites_reach_no_reader(history: HistoryStore) -> None:
    chat = writing("bakes rye [1]\nhas a cat (2)", "This person bakes rye loaves [1]. [2]")
    answer = await asked(history, chat, BAKER)
    assert answer.profile
    assert [sentence.text for sentence in answer.profile.sentences] == [
        "This person bakes rye loaves."
    ]
    assert "in short: bakes rye\nhas a cat\n" in writers_prompt(chat)


async def test_a_sentence_that_the_token_limit_cut_off_is_left_out(history: HistoryStore) -> None:
    chat = writing("Bread.", "This person bakes rye loaves. This person has", cut_off=7)
    answer = await asked(history, chat, BAKER)
    assert answer.profile
    assert [sentence.text for sentence in answer.profile.sentences] == [
        "This person bakes rye loaves."
    ]


async def test_of_a_long_history_the_writer_sees_the_lines_that_the_guidance_cites(
    history: HistoryStore,
) -> None:
    rain = items(*(f"it rained all day again, day {n:02} of many" for n in range(30)))
    rye = rain[3].model_copy(update={"id": "rye", "text": "i bake two rye loaves every sunday"})
    chat = writing("bakes rye [4]", "This person bakes two rye loaves every sunday [4].")
    answer = await asked(history, chat, [*rain[:3], rye, *rain[4:]], context_tokens=200)
    prompt = writers_prompt(chat)
    assert "\n4. [2025-01-04, chat] i bake two rye loaves every sunday\n" in prompt
    assert 1 < len(lines_of(prompt)) < 30
    assert answer.profile
    (sentence,) = answer.profile.sentences
    assert sentence.evidence[0] == "rye"


async def test_the_lines_of_a_history_are_numbered_on_from_part_to_part(
    history: HistoryStore,
) -> None:
    chat = writing("rain", "This person walks.")
    rain = items(*(f"it rained all day again, day {n:02} of many" for n in range(1, 25)))
    await asked(history, chat, rain, context_tokens=200)
    digested = [prompt for prompt in chat.prompts if "Note each in one short line" in prompt]
    assert len(digested) > 1
    for prompt in digested:
        for line in prompt.splitlines():
            if "it rained" in line:
                number, _, text = line.partition(". ")
                assert f"day {int(number):02} of many" in text
