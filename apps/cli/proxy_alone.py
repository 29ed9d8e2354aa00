"""The process of `guided-profile proxy`: its application under uvicorn, opened before it starts."""

import os
import sys
from collections.abc import Sequence
from functools import partial

import uvicorn

from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.cli.main import failed
from guided_profile.apps.proxy.app import Proxy
from guided_profile.apps.proxy.opening import proxy_alone
from guided_profile.apps.settings import read_log_level
from guided_profile.graph.errors import GuidedProfileError

APP = "guided_profile.apps.cli.proxy_alone:opened"
GRACE = 10
"""Seconds that answers have to end after a signal to stop."""


def main(arguments: Sequence[str]) -> int:
    """Serve at a host and a port with so many processes, and return the exit code."""
    host, port, workers, *how = arguments
    os.umask(0o077)
    try:
        serve = partial(
            uvicorn.run,
            host=host,
            port=int(port),
            log_level=read_log_level().lower(),
            access_log=False,
            timeout_graceful_shutdown=GRACE,
        )
        if int(workers) > 1:
            serve(APP, workers=int(workers), factory=True)
            return 0
        with Companion.open() as companion:
            app = proxy_alone(companion)
            print(f"personal at http://{host}:{port}/v1", flush=True)
            serve(app)
    except GuidedProfileError as error:
        return failed(error, as_json="--json" in how)
    except KeyboardInterrupt:
        return 130
    except SystemExit as end:  # 3: its start failed, of which it has said why
        return 1 if end.code else 0
    return 0


def opened() -> Proxy:
    """Return the application of one of several processes; the companion ends with it."""
    return proxy_alone(Companion.open())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
