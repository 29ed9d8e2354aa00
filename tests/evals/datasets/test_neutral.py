import json
from pathlib import Path

import pytest
from scripted import ScriptedChat

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.neutral import neutralise, neutralised
from guided_profile.graph.errors import DatasetError, ModelError


def examples(*texts: str) -> list[Example]:
    return [
        Example(id=text, user_id="u", task="paraphrase", question=text, reference=text)
        for text in texts
    ]


def echo(prompt: str) -> str:
    return f"Neutral: {prompt.rsplit('Text: ', 1)[1].splitlines()[0]}"


async def test_a_run_goes_on_where_it_was_stopped_and_asks_nothing_twice(tmp_path: Path) -> None:
    kept = tmp_path / "new" / "neutral.jsonl"
    calls = 0

    def failing(prompt: str) -> str:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise ModelError("the endpoint is gone")
        return echo(prompt)

    with pytest.raises(ModelError, match="gone"):
        await neutralise(examples("a", "b", "c", "d"), ScriptedChat(script=failing), kept)
    assert len(kept.read_text().splitlines()) >= 2
    done = {json.loads(line)["id"] for line in kept.read_text().splitlines()}
    chat = ScriptedChat(script=echo)
    found = await neutralise(examples("a", "b", "c", "d"), chat, kept)
    assert [example.question for example in found] == [f"Neutral: {text}" for text in "abcd"]
    assert [example.reference for example in found] == list("abcd")
    assert len(chat.prompts) == 4 - len(done)
    assert list(neutralised(examples("a", "d"), kept)) == [found[0], found[3]]


async def test_a_line_left_unfinished_is_written_anew(tmp_path: Path) -> None:
    kept = tmp_path / "neutral.jsonl"
    await neutralise(examples("a", "b"), ScriptedChat(script=echo), kept)
    whole = kept.read_text()
    kept.write_text(whole[:-9])
    with pytest.raises(DatasetError, match=r"neutral\.jsonl, line 2"):
        list(neutralised(examples("a", "b"), kept))
    chat = ScriptedChat(script=echo)
    await neutralise(examples("a", "b"), chat, kept)
    assert len(chat.prompts) == 1
    assert kept.read_text() == whole


async def test_texts_that_are_empty_or_cut_off_are_left_out_and_not_asked_again(
    tmp_path: Path,
) -> None:
    kept = tmp_path / "neutral.jsonl"
    chat = ScriptedChat(script=lambda prompt: "" if "Text: b" in prompt else echo(prompt))
    assert [example.id for example in await neutralise(examples("a", "b"), chat, kept)] == ["a"]
    cutting = ScriptedChat(script=echo, cut_off=1)
    assert await neutralise(examples("b", "c d e"), cutting, kept) == []
    assert len(cutting.prompts) == 1
    assert next(neutralised(examples("a", "b"), kept)).id == "a"


async def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    kept = tmp_path / "neutral.jsonl"
    kept.write_text('{"user_id": "u"}\n')
    with pytest.raises(DatasetError, match="line 1: the field 'key' is missing"):
        await neutralise(examples("a"), ScriptedChat(script=echo), kept)
    assert kept.read_text() == '{"user_id": "u"}\n'
