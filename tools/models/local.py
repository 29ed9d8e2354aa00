"""The embedded chat model: llama.cpp in a process, serving the OpenAI API on loopback."""

import atexit
import hashlib
import logging
import os
import platform
import secrets
import sys
import threading
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from platformdirs import user_cache_path

from guided_profile.graph.errors import ModelError, SettingsError
from guided_profile.tools.models.gguf import check_gguf
from guided_profile.tools.models.gguf import context_tokens as tokens_of
from guided_profile.tools.models.sharing import (
    NoServerError,
    Place,
    SharedServer,
    serve_while_used,
)

MISSING = (
    "The embedded model needs xllamacpp: pip install 'guided-profile[local]', or set "
    "OPENAI_BASE_URL and OPENAI_MODEL to use an endpoint."
)
_log = logging.getLogger(__name__)
_CACHE_MIB = 1024  # of earlier prompts, kept in memory; llama.cpp's own bound is 8192


class LocalServer:
    """A llama.cpp server of one model, in this process.

    Left to itself it listens on 127.0.0.1 alone, at a port that the system picks, and wants a key
    that only this process knows, so that neither other users of the machine nor web pages can use
    it. It handles as many requests at a time as it has slots; others queue.
    """

    def __init__(
        self,
        gguf: Path,
        *,
        context_tokens: int | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        key: str = "",
        slots: int = 1,
    ) -> None:
        """Load the model and start serving.

        Args:
            gguf: The model's file.
            context_tokens: Prompt and answer together, of all slots; None: as the file says. A
                longer prompt is refused, never shortened.
            host: The address to listen on.
            port: The port; 0: one that the system picks.
            key: What a caller needs; empty: one that only this process knows.
            slots: How many requests it handles at once; several share the context.

        Raises:
            SettingsError: The extra `local` is not installed.
            ModelError: The file is no model that llama.cpp can load.
        """
        try:
            import xllamacpp  # type: ignore[import-untyped]
        except ImportError as error:
            raise SettingsError(MISSING) from error
        check_gguf(gguf)
        self.api_key = key or secrets.token_urlsafe(24)
        params = xllamacpp.CommonParams()
        params.model.path = str(gguf)
        params.model_alias = {gguf.stem}  # else answers, and so traces, carry the file's path
        params.hostnames = [host]
        params.port = port
        params.api_keys = [self.api_key]
        params.cors_origins = ""
        params.cors_credentials = False
        params.ui = False
        params.endpoint_slots = False
        params.verbosity = 0
        params.n_parallel = slots
        params.kv_unified = slots > 1
        params.n_ctx = context_tokens or tokens_of(gguf)
        params.ctx_shift = False
        params.cache_ram_mib = _CACHE_MIB
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = physical_cores()
        try:
            self._server = xllamacpp.Server(params)
        except RuntimeError as error:
            raise ModelError(
                f"llama.cpp cannot load {str(gguf)!r}: it is damaged, of a kind it does not know, "
                "or too large for the memory that is free. Try a smaller model or an endpoint."
            ) from error
        self.base_url = f"{self._server.listening_address}/v1"

    def close(self) -> None:
        """Stop serving and free the model; closing twice does nothing."""
        self._server = None


_shared: dict[tuple[int, Path, int | None, int], SharedServer | LocalServer] = {}
_starting = threading.Lock()


def shared_server(
    gguf: Path, *, context_tokens: int | None = None, slots: int = 1
) -> SharedServer | LocalServer:
    """Return the server of a model that all processes of a user on this machine share.

    It is a process of its own (`sharing.py`), started by the first and ended after the last. Where
    there can be none, such as in a program that is one frozen file, this process serves itself.

    Args:
        gguf: The model's file.
        context_tokens: Prompt and answer together; None: as the file says.
        slots: How many requests it handles at once.

    Raises:
        SettingsError: The extra `local` is not installed.
        ModelError: The file is no model that llama.cpp can load.
    """
    if find_spec("xllamacpp") is None:
        raise SettingsError(MISSING)
    gguf = gguf.resolve()
    check_gguf(gguf)
    key = (os.getpid(), gguf, context_tokens, slots)  # a fork has none of its parent's threads
    with _starting:
        if key not in _shared:
            _shared[key] = _of_user(gguf, context_tokens, slots)
        return _shared[key]


def _of_user(gguf: Path, context_tokens: int | None, slots: int) -> SharedServer | LocalServer:
    folder, name = user_cache_path("guided-profile") / "servers", _name(gguf, context_tokens, slots)
    given = (folder, name, gguf, context_tokens or 0, slots)
    server = SharedServer(
        Place(folder, name), [sys.executable, "-P", "-m", __name__, *map(str, given)]
    )
    try:
        if not sys.executable or getattr(sys, "frozen", False):
            raise NoServerError("this program is no Python that can be started again")
        server.find()
    except NoServerError as error:
        _log.warning("This process loads the embedded model for itself alone. %s", error)
        return LocalServer(gguf, context_tokens=context_tokens, slots=slots)
    return server


def _name(gguf: Path, context_tokens: int | None, slots: int) -> str:
    """Return what the processes call a server that may be shared: all that makes it what it is."""
    stat = gguf.stat()
    made_of = (
        *(str(gguf), stat.st_size, stat.st_mtime_ns, context_tokens, slots),
        *(version("xllamacpp"), os.getuid() if hasattr(os, "getuid") else 0),
        platform.node(),  # machines may share a home
    )
    return hashlib.sha256(repr(made_of).encode()).hexdigest()[:16]


@atexit.register
def _let_go() -> None:
    for (process, *_), server in _shared.items():
        if process == os.getpid():
            server.close()


def physical_cores() -> int:
    """Return how many cores this process may use; two threads of one core count once.

    llama.cpp is bound by memory and arithmetic units: a second thread on a core slows it down.
    """
    if not hasattr(os, "sched_getaffinity"):
        return max(1, (os.cpu_count() or 2) // 2)
    usable = os.sched_getaffinity(0)
    cores = {_siblings(cpu) for cpu in usable}
    return max(1, len(cores))


def _siblings(cpu: int) -> str:
    siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
    try:
        return siblings.read_text().strip()
    except OSError:
        return str(cpu)


def main(given: Sequence[str]) -> None:
    """Serve a model to the processes of a user, as `shared_server` has it started."""
    folder, name, gguf, context_tokens, slots = given

    def load(key: str, port: int) -> LocalServer:
        return LocalServer(
            Path(gguf),
            context_tokens=int(context_tokens) or None,
            port=port,
            key=key,
            slots=int(slots),
        )

    serve_while_used(Place(Path(folder), name), load)


if __name__ == "__main__":
    main(sys.argv[1:])
