"""The embedder behind an endpoint."""

import numpy as np
from pydantic import SecretStr

from guided_profile.graph.errors import ModelError
from guided_profile.tools.embedders.base import Embedder, as_lists, unit
from guided_profile.tools.models.calls import failures


class EndpointEmbedder(Embedder):
    """The embedding model of an OpenAI-compatible endpoint."""

    def __init__(self, model: str, base_url: str | None, api_key: str | None) -> None:
        """Take the model's name there, the endpoint (None: OpenAI's own) and its key, if any."""
        from langchain_openai import OpenAIEmbeddings  # slow to import, and only endpoints need it

        from guided_profile.tools.models.errors import NO_KEY
        from guided_profile.tools.models.transport import sync_client

        self.id = model
        self._dimension: int | None = None
        self._client = OpenAIEmbeddings(
            model=model,
            base_url=base_url,
            api_key=SecretStr(api_key or NO_KEY),
            check_embedding_ctx_length=False,  # else tokens are sent, which only OpenAI takes
            chunk_size=64,  # texts a request: their tokens add up to what endpoints take
            max_retries=2,
            timeout=60,
            http_client=sync_client(60),
        )

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
        try:
            vectors = self._client.embed_documents(texts)
            with np.errstate(over="ignore"):  # infinite then
                rows = np.array(vectors, np.float32, ndmin=2)
        except failures() as error:
            from guided_profile.tools.models.errors import model_error

            raise (model_error(error, self.id) or self._nonsense(len(texts))) from error
        except AttributeError as error:
            raise self._nonsense(len(texts)) from error
        if rows.ndim != 2 or not np.isfinite(rows).all():
            raise self._nonsense(len(texts))
        dimensions = {len(vector) for vector in vectors} | {self._dimension or len(vectors[0])}
        if len(vectors) != len(texts) or len(dimensions) != 1 or 0 in dimensions:
            raise ModelError(
                f"The model {self.id!r} sent {len(vectors)} vectors of the dimensions "
                f"{sorted(dimensions)} for {len(texts)} texts; use an embedding model."
            )
        self._dimension = dimensions.pop()
        return as_lists(unit(rows))

    def _nonsense(self, count: int) -> ModelError:
        return ModelError(
            f"The model {self.id!r} sent no vectors of numbers for {count} texts; use an embedding "
            "model."
        )
