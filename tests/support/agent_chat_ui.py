"""A real Agent Chat UI in a process of its own.

`AGENT_CHAT_UI` names the folder of its sources, built there (`docs/chat-ui.md` says how).
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from ports import free_port


@contextmanager
def agent_chat_ui(log: Path) -> Iterator[str]:
    """Serve it until it is left; yield its address, or skip where it is not installed."""
    folder = Path(os.environ.get("AGENT_CHAT_UI") or "-")
    node, server = shutil.which("node"), folder / "node_modules" / "next" / "dist" / "bin" / "next"
    if node is None or not server.exists() or not (folder / ".next" / "BUILD_ID").exists():
        pytest.skip("Agent Chat UI is not installed: set AGENT_CHAT_UI to where it is built")
    port = free_port()
    command = [node, str(server), "start", "--hostname", "127.0.0.1", "--port", str(port)]
    quiet = {**os.environ, "NEXT_TELEMETRY_DISABLED": "1"}
    with (
        log.open("w") as written,
        subprocess.Popen(
            command, cwd=folder, env=quiet, stdout=written, stderr=subprocess.STDOUT
        ) as process,
    ):
        url = f"http://127.0.0.1:{port}"
        try:
            for _ in range(120):
                try:
                    if httpx.get(url, timeout=30).is_success:
                        break
                except httpx.TransportError:
                    time.sleep(0.5)
            else:
                raise AssertionError(log.read_text()[-3000:])
            yield url
        finally:
            process.terminate()
            process.wait(30)
