"""Threads that a version wrote whose records stood in another module, read under strict msgpack."""

import os
import subprocess
import sys
from pathlib import Path

SUPPORT = Path(__file__).parents[1] / "support"
PROGRAM = """
import asyncio, tempfile
from pathlib import Path
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from scripted import ScriptedChat
from workflows import ANNA, script
from guided_profile.graph import records
from guided_profile.graph.build import build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.history.store import HistoryStore

kinds = [
    kind for kind in vars(records).values() if getattr(kind, "__module__", "") == records.__name__
]


def move(module):
    for kind in kinds:
        kind.__module__ = module


async def main():
    builtin = builtin_tasks()["dialogue"]
    asking = builtin.abstention.model_copy(update={"policy": "ask", "answerable": None})
    task = builtin.model_copy(update={"abstention": asking})
    saver, chat = InMemorySaver(), ScriptedChat(script=script("Sorry, no idea.", "Green."))
    thread, context = {"configurable": {"thread_id": "1"}}, Context(user_id="anna")
    folder = tempfile.TemporaryDirectory()
    with folder as path, HistoryStore.open(LexicalEmbedder(), path=Path(path)) as history:
        history.add("anna", ANNA)

        async def run(given):
            graph = build_graph(chat=chat, history=history, tasks=[task], checkpointer=saver)
            return await graph.ainvoke(given, thread, context=context)

        move("guided_profile.graph.state")
        paused = await run({"question": "What color is my cat Miso?"})
        assert paused["__interrupt__"]
        move(records.__name__)
        print((await run(Command(resume="Green.")))["answer"].text)


asyncio.run(main())
"""


def test_a_paused_thread_of_before_is_resumed_where_only_known_types_are_read() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | {"LANGGRAPH_STRICT_MSGPACK": "true", "PYTHONPATH": str(SUPPORT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.stdout, done.stderr) == ("Green.\n", "")
