"""Threads in Aegra's database: whose they are, how their runs ended, and deleting all of them.

Aegra deletes a thread's row and leaves its checkpoints, for whoever names the thread next.
"""

import asyncio
from importlib import import_module
from typing import Any, cast


async def owner_of(thread: str) -> str | None:
    """Return whose a thread is; None if there is none."""
    rows = await _rows("SELECT user_id FROM thread WHERE thread_id = %s", thread)
    return cast("str", rows[0]["user_id"]) if rows else None


async def ended(thread: str, run: str) -> None:
    """Wait until a thread's run has ended; Aegra itself waits for 30 seconds and then ends it."""
    if run in [row["run_id"] for row in await _runs_of(thread)]:
        task = import_module("aegra_api.api.runs").active_runs.get(run)
        if task is not None:
            await asyncio.wait([task])


async def failure_of(thread: str, run: str | None) -> str | None:
    """Return why there is no result of a run, or of the thread's last one; None if it succeeded."""
    rows = await _rows(
        "SELECT status, error_message FROM runs WHERE thread_id = %s AND run_id = coalesce(%s, "
        "run_id) ORDER BY created_at DESC LIMIT 1",
        thread,
        run,
    )
    if not rows or rows[0]["status"] == "success":
        return None
    ended_early = "the run was cancelled, or took longer than the server waits; create and join it."
    return str(rows[0]["error_message"] or ended_early)


async def delete_thread(thread: str) -> None:
    """Delete a thread with its runs, those that go on among them, their events and checkpoints."""
    whose = await owner_of(thread)
    if whose is None:
        return
    runs = [row["run_id"] for row in await _runs_of(thread)]
    user = import_module("aegra_api.models").User(identity=whose)
    async with import_module("aegra_api.core.orm")._get_session_maker()() as session:
        await import_module("aegra_api.api.threads").delete_thread(thread, user, session)
    await _rows("DELETE FROM run_events WHERE run_id = ANY(%s)", runs)
    await _database().get_checkpointer().adelete_thread(thread)


async def forget_aegra_threads(user_id: str) -> int:
    """Delete a user's threads, and those in which an admin ran as them; return how many."""
    theirs = await _rows(
        "SELECT thread_id FROM thread WHERE user_id = %(user)s UNION "
        "SELECT thread_id FROM runs WHERE context->>'user_id' = %(user)s",
        user=user_id,
    )
    for row in theirs:
        await delete_thread(row["thread_id"])
    return len(theirs)


async def _runs_of(thread: str) -> list[dict[str, Any]]:
    return await _rows("SELECT run_id FROM runs WHERE thread_id = %s", thread)


async def _rows(query: str, *values: Any, **named: Any) -> list[dict[str, Any]]:
    async with _database().lg_pool.connection() as connection:
        cursor = await connection.execute(query, named or values)
        return await cursor.fetchall() if cursor.description else []


def _database() -> Any:
    return import_module("aegra_api.core.database").db_manager
