"""One person through eight sessions with changes of mind, on the real embedded model."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from langgraph.store.memory import InMemoryStore

from guided_profile.apps.assembly import chat_model, embedder
from guided_profile.apps.settings import read_settings
from guided_profile.graph.build import build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.profile import standing_profile
from guided_profile.graph.records import HistoryItem, Profile, Sentence
from guided_profile.graph.task_rules import Freshness
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.history.store import HistoryStore

pytestmark = pytest.mark.live

SESSIONS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "eight_sessions.yaml").read_text(encoding="utf-8")
)


OVER = (
    r"\b(?:no longer|not|never|no more|stopped|quit|gave up|sold|left|used to|once|former(?:ly)?|"
    r"instead of|rather than|from)\b(?:(?! to | and now )[^.;]){0,40}"
)


def claimed(profile: Profile, word: str) -> list[str]:
    """Return the sentences that tell something, and do not say that it is over."""
    told = [one.text for one in profile.supported if word in one.text]
    return [text for text in told if not re.search(OVER + re.escape(word), text)]


def test_what_is_over_is_not_claimed() -> None:
    moved = Profile.model_construct(
        sentences=(
            Sentence(text="This person moved from Dresden to Hamburg.", evidence=("1",)),
            Sentence(text="They drink tea instead of coffee.", evidence=("1",)),
        )
    )
    claims = {word for word in ("Dresden", "Hamburg", "tea", "coffee") if claimed(moved, word)}
    assert claims == {"Hamburg", "tea"}


@pytest.mark.xfail(
    strict=False,
    reason="the embedded model passes over some of what changed (evals/results/evidence.md)",
)
async def test_the_profile_says_the_latest(tmp_path: Path) -> None:
    settings = read_settings({})
    dialogue = builtin_tasks()["dialogue"].model_copy(update={"freshness": Freshness(new_items=3)})
    calls = items = 0
    stale: list[str] = []
    missed: list[str] = []
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
            stale += [word for word in session.get("no_longer", ()) if claimed(profile, word)]
            missed += [word for word in session["now"] if not claimed(profile, word)]
        assert claimed(profile, "Hamburg")
        assert not claimed(profile, "Leipzig") + claimed(profile, "Dresden")
    told = sum(len(session["now"]) for session in SESSIONS)
    over = sum(len(session.get("no_longer", ())) for session in SESSIONS)
    print(f"\n{calls} calls for {items} items; still claimed {stale} of {over}, not told {missed}")
    assert len(stale) <= over / 4
    assert len(missed) <= told / 2  # a profile is short, and the task does not ask for drinks
