import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from guided_profile.graph.errors import ModelError
from guided_profile.tools.embedders.base import Embedder, alike, likeness
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.embedders.minilm import MiniLMEmbedder
from guided_profile.tools.weights.fetch import ensure


def cosine(embedder: Embedder, text: str, other: str) -> float:
    return float(np.dot(embedder.embed_query(text), embedder.embed_query(other)))


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
        "from guided_profile.tools.embedders.lexical import LexicalEmbedder as L;"
        "print(L(16).embed_query('the same everywhere'))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert json.loads(printed) == LexicalEmbedder(16).embed_query("the same everywhere")


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
def test_the_cosines_of_unrelated_and_of_like_sentences_are_as_stated(cls: type[Embedder]) -> None:
    embedder = MiniLMEmbedder(ensure(MiniLMEmbedder.id)) if cls is MiniLMEmbedder else cls()
    texts = json.loads((Path(__file__).parent / "languages.json").read_text("utf-8"))
    english = [row[:2] for row in (*texts["parallel"]["en"], *texts["english"])]
    vectors = np.array(embedder.embed_documents([text for row in english for text in row]))
    sentences, again = vectors[::2], vectors[1::2]
    others = (sentences @ sentences.T)[~np.eye(len(sentences), dtype=bool)]
    assert np.median(others) == pytest.approx(embedder.unrelated, abs=0.01)
    same = np.median((sentences * again).sum(axis=1))
    # words alone do not tell what is said in other ones
    assert same < 0.4 if cls is LexicalEmbedder else same == pytest.approx(embedder.same, abs=0.01)


def test_on_its_scale_an_embedder_by_words_finds_what_shares_more_than_small_words() -> None:
    embedder = LexicalEmbedder()
    item = embedder.embed_query("ngl the cat sleeps in the flour")
    sentences = [
        "My cat sleeps in the flour.",
        "I would love to see the opera in Vienna.",
        "Maybe, if the weather is nice.",
    ]
    near = likeness(embedder, np.array(embedder.embed_documents(sentences)) @ np.array(item))
    assert near[0] > 1
    assert near[1:].max() < 0.4


def test_sentences_about_a_person_are_not_alike_by_their_form_alone() -> None:
    embedder = LexicalEmbedder()
    sentences = [
        "This person has a cat named Miso.",
        "The person has a cat named Miso.",
        "This person has a dog named Pixel.",
        "This person commutes by bicycle.",
    ]
    vectors = np.array(embedder.embed_documents(sentences))
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
