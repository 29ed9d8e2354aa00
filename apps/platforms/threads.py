"""The threads and store items that LangGraph Server or Aegra keeps of a user, for deleting them."""

import sys

from langgraph_sdk import get_client

from guided_profile.apps.platforms.aegra_threads import forget_aegra_threads
from guided_profile.apps.platforms.dev_files import erase_gone_threads
from guided_profile.apps.platforms.langgraph_auth import OWNER, STORE_ROOT, holding, label
from guided_profile.apps.server.process.resources import on_aegra, platform_store
from guided_profile.tools.profiles.store import everything

_PAGE = 100


async def forget_threads(user_id: str) -> int:
    """Delete a user's threads, with their runs, crons and store items; return how many threads.

    Theirs are also those in which an admin ran as them. Outside LangGraph Server and Aegra there
    are none.
    """
    gone = 0
    if on_aegra():
        gone = await forget_aegra_threads(user_id)
    elif "langgraph_api.server" in sys.modules:
        gone = await _forget_platform_threads(user_id)
    store = await platform_store()
    if store is not None:
        for kept in await everything(store, (STORE_ROOT, label(user_id))):
            await store.adelete(kept.namespace, kept.key)
    return gone


async def _forget_platform_threads(user_id: str) -> int:
    client = get_client()  # within the process, and so past the auth of requests
    gone = 0
    for theirs in ({OWNER: user_id}, holding(user_id)):
        while crons := await client.crons.search(metadata=theirs, limit=_PAGE):
            for cron in crons:
                await client.crons.delete(cron["cron_id"])
        while threads := await client.threads.search(metadata=theirs, limit=_PAGE):
            for thread in threads:
                await client.threads.delete(thread["thread_id"])
            gone += len(threads)
    await erase_gone_threads()
    return gone
