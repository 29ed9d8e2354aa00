"""One person through eight sessions with changes of mind, on the real embedded model."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from langgraph.store.memory import InMemoryStore

from guided_profile.apps.assembly import chat_model, embedder
from guided_profile.apps.settings import read_settings
from guided_profile.graph.build import build_graph, standing_profile
from guided_profile.graph.context import Context
from guided_profile.graph.state import HistoryItem, Profile
from guided_profile.graph.tasks import Freshness, builtin_tasks
from guided_profile.tools.history import HistoryStore

pytestmark = pytest.mark.live

SESSIONS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "eight_sessions.yaml").read_text(encoding="utf-8")
)


def words(profile: Profile) -> str:
    return " ".join(one.text for one in profile.supported)


async def test_the_profile_says_the_latest(tmp_path: Path) -> None:
    settings = read_settings({})
    dialogue = builtin_tasks()["dialogue"].model_copy(update={"freshness": Freshness(new_items=3)})
    calls = items = 0
    with HistoryStore.open(embedder(settings), path=tmp_path) as history:
        graph = build_graph(
            chat=chat_model(settings), history=history, tasks=[dialogue], store=InMemoryStore()
        )
        for number, session in enumerate(SESSIONS, start=1):
            said = [
                HistoryItem(text=text, source="chat", time=session["date"].isoformat())
                for text in session["items"]
            ]
            history.add("kim", said)
            profile = await standing_profile(graph, dialogue, Context(user_id="kim"))
            calls, items = calls + profile.cost.calls, items + len(said)
            print(f"\n{session['date']}, version {profile.version}, {profile.cost.calls} calls")
            for one in profile.supported:
                print("   ", one.text)
            for gone in profile.replaced:
                print("    no longer:", gone.text, gone.since, gone.replaced)
            assert profile.version == number
            told = words(profile)
            for stale in session.get("no_longer", ()):
                assert stale not in told, f"{session['date']}: {stale} no longer holds"
        assert any(word in told for word in SESSIONS[-1]["now"])
    print(f"\n{calls} calls for {items} items")
