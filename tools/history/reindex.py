"""A history embedded again with another embedder, in the place of the one that is there."""

from collections.abc import Callable
from pathlib import Path

from guided_profile.graph.errors import HistoryError
from guided_profile.tools.history.exchange import exchange, interrupted, new_of
from guided_profile.tools.history.index import DATABASE
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.history.text_vectors import EmbedderLike

OnUser = Callable[[int, int], None]


def reindex(folder: Path, embedder: EmbedderLike, on_user: OnUser = lambda done, of: None) -> int:
    """Embed all items of a folder again; until that is done the folder stays as it is.

    They are written into a folder beside it, which then takes its place.

    Args:
        folder: Where the history is.
        embedder: What it is bound to from now on.
        on_user: Called with how many users are done, and of how many.

    Returns:
        How many items there are.

    Raises:
        HistoryError: The folder holds no history, is in use, or its disk has too little room.
        ModelError: The embedder failed.
    """
    folder = folder.expanduser().resolve()
    if interrupted(folder):
        exchange(folder)
    if not (folder / DATABASE).exists():
        raise HistoryError(f"there is no history in {folder}; add some items first.")
    items = 0
    with HistoryStore.open(None, path=folder) as there:  # so that nobody else opens it meanwhile
        with HistoryStore.open(embedder, path=new_of(folder)) as fresh:
            users = there.users()
            for done, user in enumerate(users):
                on_user(done, len(users))
                items += there.copy_user_to(fresh, user)
        exchange(folder)
    return items
