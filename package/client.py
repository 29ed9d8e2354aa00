"""A client of the server, for programs that speak HTTP alone: none of the workflow is loaded.

    from guided_profile.client import Client

    with Client("http://127.0.0.1:8000", key="gp_…") as server:
        reply = server.ask("Which would I buy?", ["a wok", "a toaster"], task="preference")

`AsyncClient` is the same for asyncio. What comes back are the records of the workflow itself: a
`Reply` holds `Answered`, `Abstained`, or the question of an `AsksBack`. What goes wrong is a
`ServerError` of the kind that says what to do.
"""

from guided_profile.apps.bodies import Reply
from guided_profile.apps.client.clients import AsyncClient, Client
from guided_profile.apps.client.exchange import Stage
from guided_profile.graph.answers import Abstained, Answered, AsksBack
from guided_profile.graph.errors import (
    ServerAccessError,
    ServerError,
    ServerInputError,
    ServerMissingError,
    ServerUnavailableError,
)
from guided_profile.graph.records import HistoryItem

__all__ = [
    "Abstained",
    "Answered",
    "AsksBack",
    "AsyncClient",
    "Client",
    "HistoryItem",
    "Reply",
    "ServerAccessError",
    "ServerError",
    "ServerInputError",
    "ServerMissingError",
    "ServerUnavailableError",
    "Stage",
]
