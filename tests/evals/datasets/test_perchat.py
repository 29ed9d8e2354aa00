import json
from pathlib import Path
from typing import Any

import pytest

from guided_profile.evals.datasets.load import load
from guided_profile.graph.errors import DatasetError
from guided_profile.tools.embedders.minilm import MiniLMEmbedder
from guided_profile.tools.weights.fetch import ensure


class Angles:
    """An embedder for which a text is the angle that it names: its cosine to "0" is known."""

    id = "angles"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def embed_documents(self, texts: list[str], /) -> list[list[float]]:
        self.seen += texts
        cosines = [float(text.split()[0]) for text in texts]
        return [[cosine, (1 - cosine**2) ** 0.5] for cosine in cosines]

    def embed_query(self, text: str, /) -> list[float]:
        return self.embed_documents([text])[0]


def record(nearest: float, user: str = "u") -> dict[str, Any]:
    """Return a record of whose comments the nearest has this cosine to the response."""
    comments = [f"{cosine} {number}" for number, cosine in enumerate([0.1, nearest, -0.5])]
    return {
        "user": user,
        "question": f"Why {nearest}?",
        "response": "1.0 because",
        "history": comments,
    }


def perchat(path: Path, **options: Any) -> list[Any]:
    return list(load("per-chat", path, **{"embedder": Angles()} | options))


def written(path: Path, records: list[Any]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    return path


def test_only_responses_in_the_band_are_taken(tmp_path: Path) -> None:
    cosines = [0.2, 0.39, 0.41, 0.5, 0.59, 0.61, 0.9]
    found = perchat(written(tmp_path / "a.jsonl", [record(one) for one in cosines]))
    assert sorted(one.about["nearest"] for one in found) == [0.41, 0.5, 0.59]
    for one in found:
        assert one.task == "dialogue"
        assert one.reference == "1.0 because"
        assert len(one.history) == 3


def test_a_list_in_one_file_says_the_same(tmp_path: Path) -> None:
    records = [record(0.45), record(0.55)]
    whole = tmp_path / "a.json"
    whole.write_text(json.dumps(records))
    assert perchat(whole) == perchat(written(tmp_path / "a.jsonl", records[::-1]))


def test_the_last_comments_are_kept_and_the_response_is_none_of_them(tmp_path: Path) -> None:
    one = record(0.5)
    one["history"] += [one["response"], "0.1", "0.2", "0.3", "0.45"]
    (found,) = perchat(written(tmp_path / "a.jsonl", [one]), comments=5)
    assert [item.text for item in found.history] == ["-0.5 2", "0.1", "0.2", "0.3", "0.45"]


def test_it_stops_when_it_has_enough(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", [record(0.5, f"u{n}") for n in range(100)])
    embedder = Angles()
    found = perchat(path, n=3, embedder=embedder)
    assert len(found) == 3
    assert len(embedder.seen) < 200
    assert found == perchat(path, n=3)
    assert found != perchat(path, n=3, seed=1)


def test_fields_of_other_names_are_told_and_can_be_named(tmp_path: Path) -> None:
    one = record(0.5)
    other = {"author": one["user"], "title": one["question"], "body": one["response"]}
    other["comments"] = [{"body": text} for text in one["history"]]
    path = written(tmp_path / "a.jsonl", [other])
    with pytest.raises(DatasetError, match=r"line 1: there are no fields.*'author', 'body'"):
        perchat(path)
    keys = {"user": "author", "question": "title", "response": "body", "history": "comments"}
    assert len(perchat(path, keys=keys)) == 1
    with pytest.raises(DatasetError, match=r"keys has \['answer'\]"):
        perchat(path, keys={"answer": "body"})


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", [record(0.5), record(0.5)])
    path.write_text(path.read_text()[:-20])
    with pytest.raises(DatasetError, match=r"a\.jsonl, line 2.*cut off"):
        perchat(path)


def test_it_needs_to_be_told_what_likeness_is(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"per-chat needs the options \['embedder'\]"):
        list(load("per-chat", tmp_path))


@pytest.mark.live
def test_the_band_by_a_real_sentence_transformer(tmp_path: Path) -> None:
    said = {"question": "What do you do on Sundays?"}
    records = [
        said
        | {
            "user": nearest,
            "response": "I bake bread for my kids.",
            "history": [nearest, "Go Bears."],
        }
        for nearest in (
            "I bake bread for my children.",  # nearly the same
            "My sourdough bread takes two days to rise.",
            "The stock market fell.",
        )
    ]
    embedder = MiniLMEmbedder(ensure("all-minilm-l6-v2-int8"))
    found = perchat(written(tmp_path / "a.jsonl", records), embedder=embedder)
    assert [one.history[0].text[:12] for one in found] == ["My sourdough"]
