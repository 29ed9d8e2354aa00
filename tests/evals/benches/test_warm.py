import asyncio

from scripted import ScriptedChat

from guided_profile.evals.benches.warm import spent, table, tasks_of
from guided_profile.tools.embedders.lexical import LexicalEmbedder


def test_each_part_is_off_in_a_task_of_its_own() -> None:
    tasks = tasks_of()
    assert tasks["as it comes"].restraint
    assert not tasks["without restraint"].restraint
    assert tasks["without restraint"].memory_requests
    assert not tasks["without any"].memory_requests


def test_warm_answers_are_counted_without_what_made_the_profile() -> None:
    chat = ScriptedChat(script=lambda prompt: {"Yes": 0.9} if "Yes or No" in prompt else "A cat.")
    found = asyncio.run(spent(tasks_of()["without any"], chat, LexicalEmbedder(), 2))
    assert found["ordinary"].calls == 1
    assert found["ordinary"].tokens > 50
    assert "| bare | trivial | 1.0 |" in table({"bare": found})
