"""Whatever way an item comes in, its secrets are masked; what is copied stays as it is."""

from pathlib import Path

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.readers.ingest import ingest

SECRET = HistoryItem(text="my password is hunter2")
SAFE = "my password is [password]"


def test_what_is_added_or_edited_holds_no_secrets(tmp_path: Path) -> None:
    with HistoryStore.open(LexicalEmbedder(), path=tmp_path / "a") as history:
        (id_,) = history.add("anna", [SECRET]).added
        assert id_ != SECRET.id
        assert history.add("anna", [SECRET]).duplicates == (id_,)
        history.replace("anna", [HistoryItem(id="7", text=SECRET.text)])
        assert {item.text for item in history.list("anna")} == {SAFE}


def test_what_was_kept_before_secrets_were_masked_is_known_and_copied_as_it_is(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.txt"
    path.write_text(SECRET.text + "\n")
    embedder = LexicalEmbedder()
    with HistoryStore.open(embedder, path=tmp_path / "a") as history:
        history.add("anna", [SECRET], as_they_are=True)
        done = ingest(history, "anna", path)
        assert (done.added, done.duplicates, done.masked) == (0, 1, 1)
        with HistoryStore.open(embedder, path=tmp_path / "b") as other:
            assert history.copy_user_to(other, "anna") == 1
            assert [item.id for item in other.list("anna")] == [SECRET.id]
