"""The embedder behind an endpoint."""

import base64
import binascii
import logging
import weakref
from typing import Any

import numpy as np

from guided_profile.graph.errors import ModelError
from guided_profile.tools.embedders.base import Embedder, Vector, as_lists, unit
from guided_profile.tools.models.calls import failures

_log = logging.getLogger(__name__)

TEXTS = 64
"""Texts a request: their tokens add up to what most endpoints take."""
LEAST = 16
"""Characters: a text that is refused although it is no longer than this cannot be embedded."""
_NEVER = (401, 403, 404, 408, 409, 429, 502, 503, 504)
"""Under these statuses no text is to blame."""

_OF_LENGTH = ("token", "length", "long", "large", "context")
"""One of them stands where a refusal is for a text's length."""


class _RefusedError(Exception):
    """An endpoint refuses texts, or does not answer them with their vectors."""

    def __init__(self, words: str = "") -> None:
        super().__init__(words)
        self.for_length = any(word in words.casefold() for word in _OF_LENGTH)


class EndpointEmbedder(Embedder):
    """The embedding model of an OpenAI-compatible endpoint.

    How many texts it takes at once, and how long they may be, is found out from its refusals. A
    text that is too long is embedded by its beginning; one that cannot be embedded at all is like
    nothing, and found by its words alone.
    """

    def __init__(self, model: str, base_url: str | None, api_key: str | None) -> None:
        """Take the model's name there, the endpoint (None: OpenAI's own) and its key, if any."""
        import openai  # slow to import, and only endpoints need it

        from guided_profile.tools.models.errors import NO_KEY
        from guided_profile.tools.models.transport import sync_client

        self.id = model
        self._dimension: int | None = None
        self._most = TEXTS
        self._too_long: int | None = None
        """Characters of the shortest text that was refused for its length."""
        self._fits = 0
        """Characters of what was embedded in its place."""
        self._client = openai.OpenAI(
            base_url=base_url,
            api_key=api_key or NO_KEY,
            max_retries=2,
            timeout=60,
            http_client=sync_client(60),
        )
        self._impatient = self._client.with_options(max_retries=0)
        weakref.finalize(self, self._client.close)

    @property
    def dimension(self) -> int:
        """How many numbers a vector has; asks the endpoint if it was not called yet."""
        if self._dimension is None:
            self.embed_query("dimension")
        if self._dimension is None:
            raise ModelError(f"The model {self.id!r} gave no vector; use an embedding model.")
        return self._dimension

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return a vector for each text.

        Raises:
            ModelError: The endpoint failed, or sent no vectors of one dimension.
        """
        if not texts:
            return []
        rows: list[Vector | None] = []
        at = 0
        while at < len(texts):
            part = texts[at : at + self._most]
            rows += self._embed([text[: self._length(text)] for text in part])
            at += len(part)
        lost = sum(row is None for row in rows)
        if lost:
            _log.warning(
                "%s of %s texts cannot be embedded by %r: they are found by their words alone",
                lost,
                len(texts),
                self.id,
            )
        nothing = np.zeros(self.dimension, np.float32)
        return as_lists(unit(np.asarray([nothing if row is None else row for row in rows])))

    def _length(self, text: str) -> int:
        too_long = self._too_long is not None and len(text) >= self._too_long
        return self._fits if too_long else len(text)

    def _embed(self, texts: list[str]) -> list[Vector | None]:
        try:
            return [*self._ask(texts)]
        except _RefusedError as error:
            try:  # is it these texts, or any?
                self._ask(["dimension"], again=True)
            except _RefusedError:
                raise self._error(error.__cause__ or error, texts) from error.__cause__
            rows, parted = self._parts(texts, error)
            if not parted and len(texts) > 1:
                self._most = max(1, min(self._most, len(texts) // 2))
                _log.warning("the endpoint of %r takes %s texts at once", self.id, self._most)
            return rows

    def _parts(self, texts: list[str], refused: _RefusedError) -> tuple[list[Vector | None], bool]:
        """Return the vectors of texts that were refused, and whether one of them was to blame."""
        if len(texts) == 1:
            return [self._beginning(texts[0], for_its_length=refused.for_length)], True
        rows: list[Vector | None] = []
        parted = False
        for part in (texts[: len(texts) // 2], texts[len(texts) // 2 :]):
            try:
                rows += self._ask(part, again=True)
            except _RefusedError as again:
                found, blamed = self._parts(part, again)
                rows += found
                parted = parted or blamed
                if not blamed:
                    self._most = max(1, min(self._most, len(part) // 2))
        return rows, parted

    def _beginning(self, text: str, *, for_its_length: bool) -> Vector | None:
        """Return the vector of as much of a refused text as is taken; None: of nothing of it."""
        length = len(text)
        while length > LEAST:
            length //= 2
            try:
                (row,) = self._ask([text[:length]], again=True)
            except _RefusedError:
                continue
            if for_its_length and len(text) < (self._too_long or len(text) + 1):
                self._too_long, self._fits = len(text), length
            return row
        return None

    def _ask(self, texts: list[str], again: bool = False) -> list[Vector]:
        """Return the vectors of texts, in their order whatever that of the reply is.

        Raises:
            _RefusedError: The endpoint refuses them, or did not send a vector for each.
            ModelError: It failed for another reason, or sent other vectors than before.
        """
        import openai

        client = self._impatient if again else self._client
        try:
            # without an encoding, numbers come, which every endpoint knows
            reply = client.post(
                "/embeddings", body={"model": self.id, "input": texts}, cast_to=object
            )
        except failures() as error:
            status = error.status_code if isinstance(error, openai.APIStatusError) else 0
            if status >= 400 and status not in _NEVER:
                raise _RefusedError(str(error)) from error
            raise self._error(error, texts) from error
        rows = _vectors(reply, len(texts))
        if rows is None:
            raise _RefusedError
        dimensions = {len(row) for row in rows} | {self._dimension or len(rows[0])}
        if len(dimensions) != 1 or 0 in dimensions:
            raise ModelError(
                f"The model {self.id!r} sent vectors of the dimensions {sorted(dimensions)}; use "
                "an embedding model."
            )
        self._dimension = dimensions.pop()
        return rows

    def _error(self, error: BaseException, texts: list[str]) -> ModelError:
        from guided_profile.tools.models.errors import model_error

        failure = model_error(error, self.id, texts) if isinstance(error, Exception) else None
        return failure or ModelError(
            f"The model {self.id!r} sent no vectors of numbers for {len(texts)} texts; use an "
            "embedding model."
        )


def _vectors(reply: Any, count: int) -> list[Vector] | None:
    """Return the vectors of a reply in the order of the texts; None if there is not one for each.

    They come in any order, each with the number of its text.
    """
    data = reply.get("data") if isinstance(reply, dict) else None
    if not isinstance(data, list) or len(data) != count:
        return None
    rows: dict[int, Vector] = {}
    for place, entry in enumerate(data):
        if not isinstance(entry, dict):
            return None
        row = _vector(entry.get("embedding"))
        number = entry.get("index", place)
        if row is None or not isinstance(number, int):
            return None
        rows[number] = row
    return [rows[number] for number in range(count)] if set(rows) == {*range(count)} else None


def _vector(embedding: Any) -> Vector | None:
    try:
        if isinstance(embedding, str):
            row = np.frombuffer(base64.b64decode(embedding, validate=True), "<f4")
        else:
            with np.errstate(over="ignore"):  # infinite then
                row = np.array(embedding, np.float32)
    except (binascii.Error, ValueError, TypeError):
        return None
    return row if row.ndim == 1 and np.isfinite(row).all() else None
