"""Files become history: batch by batch, and once, however often it is tried."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import forked
import pytest

from guided_profile.graph.errors import HistoryItemError, ModelError, QuestionError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.readers import ingest as module
from guided_profile.tools.readers.detect import Reading, Refused
from guided_profile.tools.readers.ingest import BATCH, Ingested, ingest, ingesting


class Counting(LexicalEmbedder):
    """Counts what it embeds, and fails once that is more than it may."""

    def __init__(self) -> None:
        super().__init__()
        self.embedded = 0
        self.most = 10**9

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.embedded += len(texts)
        if self.embedded > self.most:
            raise ModelError("the endpoint is gone.")
        return super().embed_documents(texts)


def lines(folder: Path, count: int) -> Path:
    path = folder / f"{count}.jsonl"
    path.write_text("".join(f'{{"text": "walk number {number}"}}\n' for number in range(count)))
    return path


def test_everything_is_counted(history: HistoryStore, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a"}\nnot json\n{"text": "a"}\n{"text": "b"}\n{"text": ""}\n')
    history.add("anna", [HistoryItem(text="b")])
    assert ingest(history, "anna", path) == Ingested(
        added=1,
        duplicates=2,
        refused=2,
        refusals=(Refused(2, "is not JSON, from column 1 on"), Refused(5, "text: is empty")),
        fraction=1.0,
        formats={"jsonl": 1},
    )
    assert [item.text for item in history.list("anna")] == ["b", "a"]
    assert history.count("ben") == 0


def test_what_is_there_is_not_embedded_again(tmp_path: Path) -> None:
    embedder = Counting()
    path = lines(tmp_path, BATCH + 7)
    with HistoryStore.open(embedder, path=tmp_path / "history") as history:
        assert ingest(history, "anna", path).added == BATCH + 7
        assert embedder.embedded == BATCH + 7
        again = ingest(history, "anna", path)
        assert (again.added, again.duplicates) == (0, BATCH + 7)
        assert embedder.embedded == BATCH + 7


def test_a_failure_keeps_what_was_added_and_doing_it_again_goes_on(tmp_path: Path) -> None:
    embedder = Counting()
    embedder.most = 2 * BATCH
    path = lines(tmp_path, 3 * BATCH)
    with HistoryStore.open(embedder, path=tmp_path / "history") as history:
        with pytest.raises(ModelError, match="endpoint is gone"):
            ingest(history, "anna", path)
        assert history.count("anna") == 2 * BATCH
        embedder.most = 10**9
        done = ingest(history, "anna", path)
        assert (done.added, done.duplicates) == (BATCH, 2 * BATCH)
        assert len({item.text for item in history.list("anna")}) == 3 * BATCH


def test_progress_is_reported_batch_by_batch(history: HistoryStore, tmp_path: Path) -> None:
    steps = list(ingesting(history, "anna", lines(tmp_path, 2 * BATCH + 1)))
    assert [step.added for step in steps] == [0, BATCH, 2 * BATCH, 2 * BATCH + 1]
    fractions = [step.fraction or 0 for step in steps]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0 < fractions[1] <= fractions[-1] == 1


def test_an_id_that_comes_twice_in_a_file_costs_its_line_alone(
    history: HistoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.jsonl"
    entries = [
        {"id": "1", "text": "a dog"},
        {"id": "2", "text": "a bird"},
        {"id": "2", "text": "a fish"},
        {"id": "1", "text": "a cat"},
        {"id": "1", "text": "a dog"},
        {"id": "3", "text": "a cow"},
    ]
    path.write_text("\n".join(map(json.dumps, entries)))
    reason = "id: is taken by an item that says something else"
    for user, batch in (("anna", BATCH), ("ben", 2)):
        monkeypatch.setattr(module, "BATCH", batch)
        done = ingest(history, user, path)
        assert (done.added, done.duplicates, done.refused, done.replaced) == (3, 1, 2, ())
        assert done.refusals == (Refused(3, reason), Refused(4, reason))
        assert sorted(item.text for item in history.list(user)) == ["a bird", "a cow", "a dog"]


def test_an_edited_message_takes_the_place_of_what_it_was(
    history: HistoryStore, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "m1", "text": "I eat meat"}\n{"id": "m2", "text": "I ran"}\n')
    ingest(history, "anna", path)
    path.write_text('{"id": "m1", "text": "I am vegan"}\n{"id": "m2", "text": "I ran"}\n')
    done = ingest(history, "anna", path)
    assert (done.added, done.duplicates, done.replaced) == (0, 1, ("m1",))
    assert {item.id: item.text for item in history.list("anna")} == {
        "m1": "I am vegan",
        "m2": "I ran",
    }
    assert "meat" not in history.search("anna", "what do I eat?", limit=1)[0].item.text
    done = ingest(history, "anna", path)
    assert (done.added, done.duplicates, done.replaced) == (0, 2, ())


def test_a_message_of_telegram_is_one_however_it_was_edited_and_its_chat_named(
    history: HistoryStore, tmp_path: Path
) -> None:
    def export(chat: str, text: str) -> Path:
        said = {"type": "message", "date_unixtime": "1735850492", "from": "Anna", "id": 7}
        path = tmp_path / "result.json"
        path.write_text(json.dumps({"name": chat, "id": 9, "messages": [said | {"text": text}]}))
        return path

    old = HistoryItem(
        text="I run", source="telegram", category="Ben", time="2025-01-02T20:41:32Z", kind="did"
    )
    history.add("anna", [old])  # as it was added when ids were not read
    done = ingest(history, "anna", export("Ben", "I run"), Reading(me="Anna"))
    assert (done.added, done.duplicates) == (0, 1)
    history.delete("anna", [old.id])
    ingest(history, "anna", export("Ben", "I run"), Reading(me="Anna"))
    done = ingest(history, "anna", export("Ben Berg", "I walk"), Reading(me="Anna"))
    assert (done.added, len(done.replaced)) == (0, 1)
    assert [item.text for item in history.list("anna")] == ["I walk"]


def test_refused_entries_are_counted_beyond_those_that_are_named(
    history: HistoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "NAMED", 3)
    path = tmp_path / "a.jsonl"
    path.write_text("x\n" * 20)
    done = ingest(history, "anna", path)
    assert done.refused == 20
    assert [refusal.line for refusal in done.refusals] == [1, 2, 3]


def test_a_blank_user_is_refused_before_the_file_is_read(
    history: HistoryStore, tmp_path: Path
) -> None:
    with pytest.raises(QuestionError, match="user_id"):
        ingest(history, " ", tmp_path / "none.jsonl")
    with pytest.raises(HistoryItemError, match="No such file"):
        ingest(history, "anna", tmp_path / "none.jsonl")


ADDING = """
import sys
from pathlib import Path
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.readers.ingest import ingesting

with HistoryStore.open(LexicalEmbedder(), path=Path(sys.argv[1])) as history:
    for done in ingesting(history, "anna", Path(sys.argv[2])):
        print(done.added, done.duplicates, flush=True)
"""


@pytest.mark.parametrize("after", [1, 3])
def test_a_killed_run_is_finished_by_the_next(tmp_path: Path, after: int) -> None:
    count = 5 * BATCH
    path, folder = lines(tmp_path, count), tmp_path / "history"
    command = [sys.executable, "-c", ADDING, str(folder), str(path)]
    with forked.start(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(after):
            acknowledged = int(process.stdout.readline().split()[0])
        time.sleep(0.01 * after)  # in the midst of the next batch
        os.kill(process.pid, signal.SIGKILL)
    with HistoryStore.open(LexicalEmbedder(), path=folder) as history:
        kept = history.count("anna")
        assert acknowledged <= kept < count
        done = ingest(history, "anna", path)
        assert (done.added, done.duplicates) == (count - kept, kept)
        assert sorted(item.text for item in history.list("anna")) == sorted(
            f"walk number {number}" for number in range(count)
        )
