import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from guided_profile.graph.errors import ModelError
from guided_profile.tools.embedders.base import (
    Embedder,
    EndpointEmbedder,
    LexicalEmbedder,
    MiniLMEmbedder,
    alike,
    likeness,
)
from guided_profile.tools.weights.fetch import ensure

Answer = Callable[[list[str]], tuple[int, Any]]


def cosine(embedder: Embedder, one: str, other: str) -> float:
    return float(np.dot(embedder.embed_query(one), embedder.embed_query(other)))


class Endpoint:
    """An embeddings endpoint on loopback that a function answers."""

    def __init__(self) -> None:
        self.answer: Answer = self.vectors
        self.asked: list[list[str]] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                endpoint.asked.append(said["input"])
                status, reply = endpoint.answer(said["input"])
                body = json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    @staticmethod
    def vectors(texts: list[str]) -> tuple[int, Any]:
        data = [{"index": i, "embedding": [len(text), 1, 0]} for i, text in enumerate(texts)]
        return 200, {"data": data, "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}}

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    one = Endpoint()
    yield one
    one.close()


def test_lexical_vectors_have_length_one_and_the_dimension_asked_for() -> None:
    embedder = LexicalEmbedder(dimension=64)
    vectors = np.array(embedder.embed_documents(["a cat", "two dogs and a dog", "", "東京"]))
    assert vectors.shape == (4, embedder.dimension) == (4, 64)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)
    assert embedder.id == "lexical-64"
    assert LexicalEmbedder().id == "lexical-512"


def test_lexical_vectors_rank_shared_words_and_word_forms_first() -> None:
    embedder = LexicalEmbedder()
    query = "hiking boots"
    same = cosine(embedder, query, "Boots for HIKING")
    form = cosine(embedder, query, "I hiked")
    other = cosine(embedder, query, "my printer is out of ink")
    assert same > form > other + 0.05


def test_lexical_vectors_are_the_same_in_every_process() -> None:
    code = (
        "from guided_profile.tools.embedders.base import LexicalEmbedder as L;"
        "print(L(16).embed_query('the same everywhere'))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert json.loads(told) == LexicalEmbedder(16).embed_query("the same everywhere")


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
    ("status", "reply", "said"),
    [
        (401, {"error": {"message": "no: SECRET"}}, "OPENAI_API_KEY"),
        (404, {"error": {"message": "no: SECRET"}}, "no such model"),
        (400, {"error": {"message": "no: SECRET", "code": "bad_input"}}, "bad_input"),
        (200, {"data": []}, "embedding model|not a reply"),
        (200, {"data": [{"index": 0, "embedding": [1, 2]}]}, "embedding model"),
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
    endpoint: Endpoint, status: int, reply: Any, said: str
) -> None:
    endpoint.answer = lambda texts: (status, reply)
    embedder = EndpointEmbedder("m", base_url=endpoint.url, api_key="k")
    with pytest.raises(ModelError, match=said) as failed:
        embedder.embed_documents(["SECRET", "other"])
    assert "SECRET" not in str(failed.value)
    assert "\n" not in str(failed.value)


def test_an_endpoint_that_changes_its_dimension_is_refused(endpoint: Endpoint) -> None:
    embedder = EndpointEmbedder("m", base_url=endpoint.url, api_key=None)
    embedder.embed_query("a")
    endpoint.answer = lambda texts: (200, {"data": [{"index": 0, "embedding": [1, 2]}]})
    with pytest.raises(ModelError, match=r"\[2, 3\]"):
        embedder.embed_query("a")


def test_minilm_without_its_files_says_so_when_it_is_used(tmp_path: Path) -> None:
    embedder = MiniLMEmbedder(tmp_path)
    assert embedder.dimension == 384
    assert embedder.embed_documents([]) == []
    with pytest.raises(ModelError, match="cannot be read"):
        embedder.embed_query("a")
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(ModelError, match="damaged"):
        embedder.embed_query("a")


@pytest.fixture(scope="module")
def minilm() -> MiniLMEmbedder:
    return MiniLMEmbedder(ensure("all-minilm-l6-v2-int8"))


@pytest.mark.live
def test_minilm_ranks_what_is_related_first(minilm: MiniLMEmbedder) -> None:
    related = cosine(minilm, "outdoor sports", "I love hiking in the mountains")
    assert related > cosine(minilm, "outdoor sports", "my printer is out of ink") + 0.1


@pytest.mark.live
@pytest.mark.parametrize("cls", [MiniLMEmbedder, LexicalEmbedder])
def test_the_cosines_of_unrelated_and_of_like_sentences_are_as_told(cls: type[Embedder]) -> None:
    embedder = MiniLMEmbedder(ensure(MiniLMEmbedder.id)) if cls is MiniLMEmbedder else cls()
    texts = json.loads((Path(__file__).parent / "languages.json").read_text("utf-8"))
    english = [row[:2] for row in (*texts["parallel"]["en"], *texts["english"])]
    vectors = np.array(embedder.embed_documents([text for row in english for text in row]))
    said, again = vectors[::2], vectors[1::2]
    others = (said @ said.T)[~np.eye(len(said), dtype=bool)]
    assert np.median(others) == pytest.approx(embedder.unrelated, abs=0.01)
    same = np.median((said * again).sum(axis=1))
    # words alone do not tell what is said in other ones
    assert same < 0.4 if cls is LexicalEmbedder else same == pytest.approx(embedder.same, abs=0.01)


def test_on_its_scale_an_embedder_by_words_tells_what_shares_more_than_small_ones() -> None:
    embedder = LexicalEmbedder()
    item = embedder.embed_query("ngl the cat sleeps in the flour")
    said = [
        "My cat sleeps in the flour.",
        "I would love to see the opera in Vienna.",
        "Maybe, if the weather is nice.",
    ]
    near = likeness(embedder, np.array(embedder.embed_documents(said)) @ np.array(item))
    assert near[0] > 1
    assert near[1:].max() < 0.4


def test_sentences_about_a_person_are_not_alike_by_their_form_alone() -> None:
    embedder = LexicalEmbedder()
    said = [
        "This person has a cat named Miso.",
        "The person has a cat named Miso.",
        "This person has a dog named Pixel.",
        "This person commutes by bicycle.",
    ]
    vectors = np.array(embedder.embed_documents(said))
    near = alike(embedder, vectors @ vectors.T)[0]
    assert near[0] > 1.2 > near[1] >= 1 > near[2] > near[3]
    assert near[3] < 0.1
    measured = np.array([[1.0, 0.78], [0.14, 0.5]])
    assert alike(object(), measured) == pytest.approx(likeness(object(), measured))


@pytest.mark.live
def test_a_minilm_vector_does_not_depend_on_the_texts_beside_it(minilm: MiniLMEmbedder) -> None:
    texts = ["naïve café", "word " * 400, "", "Don't BUY this!!!", "a" * 5000] * 10
    together = np.array(minilm.embed_documents(texts))
    alone = np.array([minilm.embed_query(text) for text in texts[:5]])
    assert np.abs(together[:5] - alone).max() < 1e-3
    assert np.linalg.norm(together, axis=1) == pytest.approx(1)


@pytest.mark.live
def test_a_damaged_minilm_is_a_model_error(minilm: MiniLMEmbedder, tmp_path: Path) -> None:
    tokenizer = ensure("all-minilm-l6-v2-int8") / "tokenizer.json"
    (tmp_path / "tokenizer.json").write_bytes(tokenizer.read_bytes())
    (tmp_path / "model.onnx").write_bytes(b"not a model")
    with pytest.raises(ModelError, match="damaged"):
        MiniLMEmbedder(tmp_path).embed_query("a")
