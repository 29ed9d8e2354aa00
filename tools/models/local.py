"""The embedded chat model: llama.cpp inside the process, serving the OpenAI API on loopback."""

import atexit
import os
import secrets
import threading
from pathlib import Path

from guided_profile.graph.errors import ModelError, SettingsError

CONTEXT_TOKENS = 8192
"""Prompt and answer together; a longer prompt is refused, never shortened."""

_CACHE_MIB = 1024  # of earlier prompts, kept in memory; llama.cpp's own bound is 8192


class LocalServer:
    """A llama.cpp server of one model, for this process's own use.

    Left to itself it listens on 127.0.0.1 alone, at a port that the system picks, and wants a key
    that only this process knows, so that neither other users of the machine nor web pages can use
    it. It handles one request at a time; others queue.
    """

    def __init__(
        self,
        gguf: Path,
        *,
        context_tokens: int = CONTEXT_TOKENS,
        host: str = "127.0.0.1",
        port: int = 0,
        key: str = "",
    ) -> None:
        """Load the model and start serving.

        Args:
            gguf: The model's file.
            context_tokens: Prompt and answer together.
            host: The address to listen on.
            port: The port; 0: one that the system picks.
            key: What a caller needs; empty: one that only this process knows.

        Raises:
            SettingsError: The extra `local` is not installed.
            ModelError: The file is no model that llama.cpp can load.
        """
        try:
            import xllamacpp  # type: ignore[import-untyped]
        except ImportError as error:
            raise SettingsError(
                "The embedded model needs xllamacpp: pip install 'guided-profile[local]', or set "
                "OPENAI_BASE_URL and OPENAI_MODEL to use an endpoint."
            ) from error
        _check_magic(gguf)
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
        params.n_parallel = 1
        params.n_ctx = context_tokens
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


_shared: dict[tuple[int, Path], LocalServer] = {}
_starting = threading.Lock()


def shared_server(gguf: Path) -> LocalServer:
    """Return this process's server of a model, started by the first call and stopped at exit.

    Raises:
        SettingsError: The extra `local` is not installed.
        ModelError: The file is no model that llama.cpp can load.
    """
    key = (os.getpid(), gguf.resolve())  # a forked child has none of its parent's threads
    with _starting:
        if key not in _shared:
            _shared[key] = LocalServer(gguf)
        return _shared[key]


@atexit.register
def _stop_all() -> None:
    for (process, _), server in _shared.items():
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


def _check_magic(gguf: Path) -> None:
    try:
        with gguf.open("rb") as stream:
            magic = stream.read(4)
    except OSError as error:
        raise ModelError(
            f"The model {str(gguf)!r} cannot be read: {error.strerror or error}."
        ) from error
    if magic != b"GGUF":
        raise ModelError(f"{str(gguf)!r} is not a GGUF file; give the path of one.")
