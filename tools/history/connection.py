"""What a Chroma client needs beside it, whether of a folder or of a server."""

import threading
from functools import cache

from chromadb.api.client import Client
from chromadb.api.models.Collection import Collection
from chromadb.config import Settings

from guided_profile.tools.history.cache import UserCache
from guided_profile.tools.history.lock import Gate


class Connection:
    """A Chroma client, and what goes with it."""

    def __init__(self, client: Client, place: str) -> None:
        self.client = client
        self.place = place
        """The folder or the URL, for messages."""
        self.writing = threading.RLock()
        """Held by whoever looks what is there and then writes."""
        self.gate = Gate()
        """Held by every request to Chroma, and alone by whoever works on its files."""
        self.collections: dict[str, Collection] = {}
        """Those that are known to be there, by name."""
        self.cache = UserCache()
        """The users who were served last; with a server, their vectors are what it is for."""

    @property
    def stays(self) -> str:
        """What of a deletion stays, and how it is removed, for whoever deletes; empty: nothing."""
        return (
            "what was deleted cannot be read by anybody who asks the Chroma server, but its text "
            "stays in the free pages of the server's chroma.sqlite3. To remove it too, stop the "
            "server and give `chroma vacuum --path FOLDER` with the server's folder."
        )

    @property
    def is_server(self) -> bool:
        """Whether others may write at the same time."""
        return True

    def check_process(self) -> None:
        """Refuse to work in a fork of the process that opened a folder."""

    def close(self) -> None:
        """Release the client."""
        self.client.close()


def settings_of_chroma(**own: str | int | bool | None) -> Settings:
    """Return Chroma's settings, which must come from here and not from a host's `.env` file."""
    return _of_environment().model_copy(update=own)


@cache
def _of_environment() -> Settings:
    """Read once: there are sixty, and each is looked for."""
    return Settings(_env_file=None, anonymized_telemetry=False)  # type: ignore[call-arg]
