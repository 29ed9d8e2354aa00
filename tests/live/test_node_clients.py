"""OpenAI's JS client and Vercel's AI SDK through the endpoint; they need Node and their packages.

`npm install openai ai @ai-sdk/openai-compatible` in a folder that GUIDED_PROFILE_NODE_FOLDER names.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from proxied import proxied

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore

SCRIPT = Path(__file__).parents[1] / "support" / "node_clients.mjs"
FOLDER = os.environ.get("GUIDED_PROFILE_NODE_FOLDER", "")
SKILLET = "I cook everything in a cast iron skillet"
QUESTION = "Which skillet should I cook with?"

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(
        shutil.which("node") is None or not (Path(FOLDER) / "node_modules" / "ai").is_dir(),
        reason="needs Node, and its packages in GUIDED_PROFILE_NODE_FOLDER",
    ),
]


def test_what_they_ask_is_answered_personally(history: HistoryStore) -> None:
    history.add("anna", [HistoryItem(text=SKILLET, source="chat")])
    with proxied(history) as proxy:
        command = ["node", str(SCRIPT), proxy.url, QUESTION, FOLDER]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        asked = [sent for sent in proxy.upstream.sent if sent.method == "POST"]
        assert QUESTION in proxy.said_by("anna")
    assert told.pop("state").startswith("personalised; user=safety_identifier")
    assert told.pop("models") == ["m"]
    assert {text.strip() for text in told.values()} == {proxy.upstream.says}
    assert len(told) == len(asked) == 5
    assert all(SKILLET in sent.body.decode() for sent in asked)
