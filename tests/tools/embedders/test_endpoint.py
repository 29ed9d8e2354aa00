import base64
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from loopback import Loopback, as_json

from guided_profile.graph.errors import ModelError
from guided_profile.tools.embedders.endpoint import EndpointEmbedder

Answer = Callable[[list[str]], tuple[int, Any]]


class Endpoint(Loopback):
    """An embeddings endpoint on loopback that a function answers."""

    def __init__(self) -> None:
        self.answer: Answer = self.vectors
        self.asked: list[list[str]] = []
        super().__init__()

    def reply_to(self, asked: dict[str, Any]) -> tuple[int, bytes, str]:
        self.asked.append(asked["input"])
        return as_json(*self.answer(asked["input"]))

    @staticmethod
    def vectors(texts: list[str]) -> tuple[int, Any]:
        data = [{"index": i, "embedding": [len(text), 1, 0]} for i, text in enumerate(texts)]
        return 200, {"data": data, "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}}


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    endpoint = Endpoint()
    yield endpoint
    endpoint.close()


def test_an_endpoint_is_sent_plain_texts_and_its_vectors_are_made_unit(endpoint: Endpoint) -> None:
    embedder = EndpointEmbedder("m", base_url=endpoint.url, api_key=None)
    assert embedder.id == "m"
    assert embedder.embed_documents([]) == []
    assert endpoint.asked == []
    vectors = embedder.embed_documents(["four", "sevenly"])
    assert endpoint.asked == [["four", "sevenly"]]
    assert vectors[0] == pytest.approx([4 / 17**0.5, 1 / 17**0.5, 0])
    assert embedder.dimension == 3


def test_the_dimension_of_an_endpoint_is_asked_for_once(endpoint: Endpoint) -> None:
    embedder = EndpointEmbedder("m", base_url=endpoint.url, api_key=None)
    assert (embedder.dimension, embedder.dimension) == (3, 3)
    assert len(endpoint.asked) == 1


def test_an_endpoint_on_this_machine_is_reached_without_a_proxy(
    endpoint: Endpoint, no_proxy: pytest.MonkeyPatch
) -> None:
    no_proxy.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # where nothing listens
    assert EndpointEmbedder("m", base_url=endpoint.url, api_key=None).dimension == 3


@pytest.mark.parametrize(
    ("status", "reply", "expected"),
    [
        (401, {"error": {"message": "no: SECRET"}}, "OPENAI_API_KEY"),
        (404, {"error": {"message": "no: SECRET"}}, "no such model"),
        (400, {"error": {"message": "no: SECRET", "code": "bad_input"}}, "bad_input"),
        (200, {"data": []}, "embedding model|not a reply"),
        (200, ["SECRET"], "no vectors"),
        (200, None, "no vectors"),
        (200, {"data": "SECRET"}, "no vectors"),
        (200, {"data": [5, 5]}, "no vectors"),
        (200, {"data": 2 * [{"index": 0, "embedding": "SECRET"}]}, "no vectors"),
        (200, {"data": 2 * [{"index": 0, "embedding": None}]}, "no vectors"),
        (200, {"data": 2 * [{"index": 0, "embedding": [float("nan")]}]}, "no vectors"),
        (200, {"data": 2 * [{"index": 0, "embedding": [1e300]}]}, "no vectors"),
    ],
)
def test_an_endpoint_that_fails_is_a_model_error_without_the_text(
    endpoint: Endpoint, status: int, reply: Any, expected: str
) -> None:
    endpoint.answer = lambda texts: (status, reply)
    embedder = EndpointEmbedder("m", base_url=endpoint.url, api_key="k")
    with pytest.raises(ModelError, match=expected) as failed:
        embedder.embed_documents(["SECRET", "other"])
    assert "SECRET" not in str(failed.value)
    assert "\n" not in str(failed.value)


def test_an_endpoint_that_changes_its_dimension_is_refused(endpoint: Endpoint) -> None:
    embedder = EndpointEmbedder("m", base_url=endpoint.url, api_key=None)
    embedder.embed_query("a")
    endpoint.answer = lambda texts: (200, {"data": [{"index": 0, "embedding": [1, 2]}]})
    with pytest.raises(ModelError, match=r"\[2, 3\]"):
        embedder.embed_query("a")


def refused(status: int, message: str) -> tuple[int, Any]:
    return status, {"error": {"message": message}}


def embedded(endpoint: Endpoint, texts: list[str]) -> list[float]:
    """Return, of each text, how long it was when it was embedded; 0: it was not."""
    embedder = EndpointEmbedder("m", base_url=endpoint.url, api_key=None)
    return [
        round(v[0] / v[1], 1) if v[1] else 0.0 for v in map(list, embedder.embed_documents(texts))
    ]


def test_vectors_are_matched_by_their_index(endpoint: Endpoint) -> None:
    def reversed_(texts: list[str]) -> tuple[int, Any]:
        status, reply = Endpoint.vectors(texts)
        return status, {**reply, "data": reply["data"][::-1]}

    endpoint.answer = reversed_
    assert embedded(endpoint, ["a", "bb", "ccc"]) == [1, 2, 3]


def test_vectors_in_base64_are_read(endpoint: Endpoint) -> None:
    def packed(texts: list[str]) -> tuple[int, Any]:
        rows = [struct.pack("<3f", len(text), 1, 0) for text in texts]
        data = [
            {"index": n, "embedding": base64.b64encode(row).decode()} for n, row in enumerate(rows)
        ]
        return 200, {"data": data}

    endpoint.answer = packed
    assert embedded(endpoint, ["a", "bb"]) == [1, 2]


@pytest.mark.parametrize("most", [1, 10, 32])
@pytest.mark.parametrize("status", [400, 413, 422, 500])
def test_how_many_texts_an_endpoint_takes_is_found_out_once(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, most: int, status: int
) -> None:
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)
    endpoint.answer = lambda texts: (
        refused(status, "too many") if len(texts) > most else Endpoint.vectors(texts)
    )
    texts = ["x" * n for n in range(1, 151)]
    embedder = EndpointEmbedder("m", base_url=endpoint.url, api_key=None)
    assert len(embedder.embed_documents(texts)) == 150
    assert embedded(endpoint, texts) == list(range(1, 151))
    endpoint.asked.clear()
    embedder.embed_documents(texts)
    assert all(len(texts) <= most for texts in endpoint.asked)


@pytest.mark.parametrize("status", [400, 413, 422, 500])
def test_a_text_that_is_too_long_is_embedded_by_its_beginning(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)
    endpoint.answer = lambda texts: (
        refused(status, "less than 512 tokens")
        if any(len(text) > 2000 for text in texts)
        else Endpoint.vectors(texts)
    )
    assert embedded(endpoint, ["short", "x" * 6000, "other"]) == [5, 1500, 5]


def test_a_text_that_cannot_be_embedded_costs_that_text_alone(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)
    endpoint.answer = lambda texts: (
        refused(500, "NaN") if "poison" in texts else Endpoint.vectors(texts)
    )
    assert embedded(endpoint, ["one", "poison", "three"]) == [3, 0, 5]
    assert "1 of 3 texts cannot be embedded by 'm'" in caplog.text


def test_an_endpoint_that_refuses_every_text_is_quoted(endpoint: Endpoint) -> None:
    endpoint.answer = lambda texts: refused(400, "this model makes no embeddings")
    with pytest.raises(ModelError, match=r'It says: "this model makes no embeddings"'):
        embedded(endpoint, ["one", "two"])
    assert len(endpoint.asked) == 2
