"""What tests run in processes of their own, which import it by its name."""

import random
from multiprocessing.connection import Connection
from pathlib import Path

from digested import DigestEmbedder, named
from histories import WordEmbedder

from guided_profile.graph.errors import StoreInUseError
from guided_profile.tools.history.store import HistoryStore

USERS = ("anna", "ben", "cleo")
Ids = dict[str, set[str]]


def open_elsewhere(pipe: Connection) -> None:
    """Open the folders that are sent, and say what came of it."""
    for path in iter(pipe.recv, None):
        try:
            HistoryStore.open(WordEmbedder(), path=path).close()
            pipe.send("opened")
        except StoreInUseError as error:
            pipe.send(str(error))


def work(folder: Path, pipe: Connection, seed: int, there: Ids) -> None:
    """Add and delete until killed; send what begins and what is done."""
    chance, number = random.Random(seed), 0
    store = HistoryStore.open(DigestEmbedder(), path=folder)
    while True:
        user = chance.choice(USERS)
        kind = chance.choices(("add", "delete", "delete_user"), (12, 4, 1))[0]
        if kind == "add":
            ids = [f"{seed}.{number}.{n}" for n in range(chance.choice((1, 5, 60)))]
            number += 1
        else:
            kept = sorted(there[user])
            ids = chance.sample(kept, min(len(kept), 5)) if kind == "delete" else kept
        pipe.send((kind, user, ids))
        if kind == "add":
            store.add(user, named(user, ids))
            there[user].update(ids)
        elif kind == "delete":
            store.delete(user, ids)
            there[user].difference_update(ids)
        else:
            store.delete_user(user)
            there[user].clear()
        pipe.send("done")
