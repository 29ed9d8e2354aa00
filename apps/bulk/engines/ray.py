"""The engine of many processes: Ray Data, users in batches, actors with a graph each.

A worker reads no store and writes none: it is sent users with their histories, and sends profiles
back. A ledger, one more actor, has what each worker finished until this process has it, so that a
worker that dies takes nothing finished with it: its batch is begun again elsewhere, and only the
users that it was at are done again.
"""

import asyncio
import logging
import os
import pickle
import secrets
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from tempfile import TemporaryDirectory
from typing import Any

from guided_profile.apps.bulk.base import BuildInput, BuildResult
from guided_profile.apps.bulk.engines.ray_worker import Ledger, Worker, Workplace
from guided_profile.graph.errors import BuildError, SettingsError

WINDOW_USERS = 4096
"""How many users are handed to Ray at once, while the next are read; its actors start anew with
each window."""
WINDOW_BYTES = 64 * 2**20
"""Or fewer, if their histories take so much; Ray keeps them in memory."""
NEWS_EVERY = 0.25
"""Seconds after which the ledger is asked for what was finished."""
STORE_BYTES = 512 * 2**20
"""Of Ray's memory for what goes to and fro, on this machine."""


class RayEngine:
    """Works on users with Ray Data, on this machine or on a cluster."""

    def __init__(self, place: Workplace, *, workers: int, concurrency: int, address: str) -> None:
        """Get ready; Ray is started when there is something to do.

        Args:
            place: What the workers make profiles with.
            workers: How many actors.
            concurrency: How many users each of them works on at once.
            address: `local`, or where a cluster is.
        """
        self._place, self._workers = place, workers
        self._concurrency, self._address = concurrency, address
        self._ledger: Any = None

    async def run(self, inputs: AsyncIterator[BuildInput]) -> AsyncGenerator[BuildResult, None]:
        """Work on the users, and yield what became of each as soon as it is known."""
        windows = _windows(inputs)

        async def following() -> list[bytes] | None:
            return await anext(windows, None)

        window = await following()
        if window is None:
            return
        with (
            redirect_stdout(sys.stderr),  # Ray reports a dead worker there, between our lines
            ThreadPoolExecutor(1) as thread,  # what it waits for ends with Ray
            _started(self._address, self._workers) as ray,
        ):
            self._ledger = ray.remote(num_cpus=0)(Ledger).remote()
            while window:
                ahead = asyncio.create_task(following())
                try:
                    async for made in self._worked_on(ray, thread, window):
                        yield made
                    window = await ahead
                finally:
                    ahead.cancel()

    async def stop(self) -> None:
        """Begin no further user; those that were begun come to their end."""
        if self._ledger is not None:
            await self._ledger.stop.remote()

    async def _worked_on(
        self, ray: Any, thread: ThreadPoolExecutor, window: list[bytes]
    ) -> AsyncGenerator[BuildResult, None]:
        """Yield what became of a window's users: as they are finished, not as batches are."""
        loop = asyncio.get_running_loop()
        batches = iter(self._dataset(ray, window))
        known: set[str] = set()

        def new(every: list[BuildResult]) -> list[BuildResult]:
            found = [made for made in every if made.user_id not in known]
            known.update(made.user_id for made in found)
            return found

        coming: asyncio.Future[Any] | None = None
        try:
            while True:
                coming = loop.run_in_executor(thread, next, batches, None)
                while not coming.done():
                    await asyncio.wait({coming}, timeout=NEWS_EVERY)
                    for made in new(await self._ledger.news.remote()):
                        yield made
                batch = await coming
                if batch is None:
                    return
                every = [pickle.loads(made) for made in batch["made"]]
                for made in new(every):
                    yield made
                self._ledger.collected.remote([made.user_id for made in every])
        except ray.exceptions.RayError as error:
            reason = str(error).strip().splitlines()[-1:] or [""]
            raise BuildError(
                f"Ray failed ({type(error).__name__}: {reason[0][:200]}); what was made is kept: "
                "give the same command again."
            ) from error
        finally:
            if coming:
                coming.cancel()

    def _dataset(self, ray: Any, window: list[bytes]) -> Any:
        batch = min(4 * self._concurrency, -(-len(window) // self._workers))
        rows = [{"user": user} for user in window]
        data = ray.data.from_items(rows, override_num_blocks=-(-len(rows) // batch))
        worked_on = data.map_batches(
            Worker,
            fn_constructor_args=(self._place, self._ledger, self._concurrency),
            batch_size=batch,
            batch_format="numpy",
            compute=ray.data.ActorPoolStrategy(size=self._workers),
        )
        return worked_on.iter_batches(batch_size=None, batch_format="numpy", prefetch_batches=0)


async def _windows(inputs: AsyncIterator[BuildInput]) -> AsyncGenerator[list[bytes], None]:
    """Yield pickled users, as many at once as Ray is to hold."""
    window: list[bytes] = []
    size = 0
    async for user in inputs:
        window.append(pickle.dumps(user))
        size += len(window[-1])
        if len(window) == WINDOW_USERS or size >= WINDOW_BYTES:
            yield window
            window, size = [], 0
    if window:
        yield window


@contextmanager
def _started(address: str, workers: int) -> Iterator[Any]:
    """Start Ray, or join a cluster; nothing of it is left afterwards.

    On this machine it listens on loopback alone, wants a token that only this process and its
    workers know, and keeps its logs in a folder that goes with it. It reports to nobody.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ENABLE_AUTO_CONNECT"] = "0"  # once it is shut down, it stays so
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    local = address == "local"
    if local:
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # on Linux too: loopback
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    try:
        ray: Any = import_module("ray")
        import_module("ray.data")
    except ImportError as error:
        raise SettingsError(
            "--ray needs Ray: pip install 'guided-profile[ray]', or leave it out."
        ) from error
    with TemporaryDirectory(prefix="gp-ray-", ignore_cleanup_errors=True) as folder:
        here = {
            "num_cpus": workers,
            "include_dashboard": False,
            "object_store_memory": STORE_BYTES,
            "_temp_dir": folder,
        }
        try:
            ray.init(
                address=address,
                log_to_driver=False,
                logging_level="ERROR",
                **(here if local else {}),
            )
        except (ray.exceptions.RayError, ConnectionError, RuntimeError, ValueError) as error:
            where = "on this machine" if local else f"at {address!r}"
            raise BuildError(f"Ray cannot be started or joined {where}: {error}.") from error
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # its errors are raised too
        data = ray.data.DataContext.get_current()
        data.enable_progress_bars = False
        data.print_on_execution_start = False
        try:
            yield ray
        finally:
            ray.shutdown()
