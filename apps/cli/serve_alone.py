"""The process of `guided-profile serve`: our routes under uvicorn, all opened before it starts."""

import asyncio
import sys
from collections.abc import Sequence

import uvicorn

from guided_profile.apps import assembly
from guided_profile.apps.cli.main import failed
from guided_profile.apps.server.process import resources
from guided_profile.graph.errors import GuidedProfileError

APP = "guided_profile.apps.server.app:app"


def main(arguments: Sequence[str]) -> int:
    """Serve at a host and a port, and return the exit code; `--json` may follow them."""
    host, port, *how = arguments
    try:
        asyncio.run(_open())
    except GuidedProfileError as error:
        return failed(error, as_json="--json" in how)
    except KeyboardInterrupt:
        return 130
    try:
        uvicorn.run(APP, host=host, port=int(port))
    except SystemExit as end:  # 3: its start failed, of which it has said why
        return 1 if end.code else 0
    return 0


async def _open() -> None:
    """Open what the application is going to hold; the process keeps it."""
    held = await resources.server_resources()
    async with assembly.profile_store(held.settings):
        pass


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
