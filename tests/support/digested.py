"""A history whose embedder has a vector of its own for every text."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore

DIMENSION = 96


@cache
def vector_of(text: str) -> list[float]:
    seed = int(hashlib.sha256(text.encode()).hexdigest()[:12], 16)
    return np.random.default_rng(seed).standard_normal(DIMENSION).tolist()  # type: ignore[no-any-return]


class DigestEmbedder:
    """Has a vector of its own for every text."""

    id = "digest"

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return list(vector_of(text))


def are_theirs(vectors: Mapping[str, Any], items: Sequence[HistoryItem]) -> None:
    """Check that each item's vector is that of its text."""
    got = np.array([vectors[item.id] for item in items]).reshape(-1, DIMENSION)
    wanted = np.array([vector_of(item.text) for item in items]).reshape(-1, DIMENSION)
    lengths = np.linalg.norm(wanted, axis=1, keepdims=True)
    np.testing.assert_allclose(got, wanted / lengths, atol=1e-5)


def named(user: str, ids: Any) -> list[HistoryItem]:
    return [HistoryItem(id=id_, text=f"{user} did {id_}") for id_ in ids]


ITEMS = named("anna", map(str, range(300)))


def is_whole(store: HistoryStore) -> None:
    """Check that Anna's items and their vectors are all there."""
    assert store.list("anna") == ITEMS
    are_theirs(store.vectors("anna", [item.id for item in ITEMS]), ITEMS)
    found = store.search("anna", ITEMS[7].text, limit=1)
    assert found[0].item == ITEMS[7]
