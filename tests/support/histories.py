"""What histories are made of, for tests."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from guided_profile.graph.records import HistoryItem

START = datetime(2025, 1, 1, tzinfo=UTC)
CAT = "my cat Miso sleeps on my desk"
BIKE = "the bicycle commute took 20 minutes"


class WordEmbedder:
    """Counts words into hashed places, so that texts with the same words are near."""

    def __init__(self, id: str = "words", dimension: int = 64) -> None:
        self.id = id
        self.dimension = dimension
        self.embedded: list[str] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.embedded += texts
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        vector = [0.0] * self.dimension
        for word in text.casefold().split():
            place = int(hashlib.sha256(word.encode()).hexdigest(), 16) % self.dimension
            vector[place] += 1.0
        return vector


def item(text: str, day: int | None = None, **fields: Any) -> HistoryItem:
    moment = None if day is None else datetime(2025, 1, day, 12, tzinfo=UTC)
    return HistoryItem(text=text, time=moment, **fields)


def texts(items: list[HistoryItem]) -> list[str]:
    return [item.text for item in items]


def user_line(number: int, *more: str) -> str:
    """Return a user's history as a line of a file that profiles are built from."""
    user = f"user-{number}"
    history: list[Any] = [f"{user}: {CAT}", {"text": f"{user}: {BIKE}", "time": "2025-01-02"}]
    return json.dumps({"user_id": user, "history": [*history, *more]}) + "\n"


def monthly(*texts: str) -> list[HistoryItem]:
    """Return items a month apart, the newest last."""
    return [
        HistoryItem(id=str(n), text=text, time=START + timedelta(days=30 * n))
        for n, text in enumerate(texts)
    ]
