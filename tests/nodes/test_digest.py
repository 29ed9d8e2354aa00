"""What becomes of a reply to the guiding question."""

import pytest
from scripted import ScriptedChat

from guided_profile.graph.build import build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.records import HistoryItem
from guided_profile.nodes.digest import without_repetition
from guided_profile.tools.history.store import HistoryStore


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Router, NAS, API, Driver, API, Driver, API, Dri", "Router, NAS, API, Driver"),
        ("Router, NAS, Prin", "Router, NAS"),
        ("This person has a cat, and", "This person has a cat, and"),
        ("Router", "Router"),
    ],
)
def test_a_list_without_end_is_cut_where_it_repeats_itself(said: str, kept: str) -> None:
    assert without_repetition(said, cut_off=True) == kept


async def test_only_a_cut_off_reply_is_cut(history: HistoryStore) -> None:
    history.add("ada", [HistoryItem(text=f"I sail boat {n}") for n in range(3)])
    for cut_off, kept in ((None, "a, b, a, b"), (3, "a, b")):
        chat = ScriptedChat(script=lambda prompt: "a, b, a, b", cut_off=cut_off)
        out = await build_graph(chat=chat, history=history).ainvoke(
            {"question": "Boats?"}, context=Context(user_id="ada", max_retries=0)
        )
        assert out["answer"].guidance == kept
