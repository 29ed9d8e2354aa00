"""The process of `guided-profile proxy`: its application under uvicorn, opened before it starts."""

import os
import sys
from collections.abc import Sequence

import uvicorn

from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.cli.main import failed
from guided_profile.apps.proxy.app import Proxy
from guided_profile.apps.proxy.opening import proxy_alone
from guided_profile.apps.settings import read_log_level
from guided_profile.graph.errors import GuidedProfileError

APP = "guided_profile.apps.cli.proxy_alone:opened"


def main(arguments: Sequence[str]) -> int:
    """Serve at a host and a port with so many processes, and return the exit code."""
    host, port, workers, *how = arguments
    os.umask(0o077)
    try:
        level = read_log_level().lower()
        at = int(port)
        if int(workers) > 1:
            uvicorn.run(
                APP,
                host=host,
                port=at,
                workers=int(workers),
                factory=True,
                log_level=level,
                access_log=False,
            )
            return 0
        with Companion.open() as companion:
            app = proxy_alone(companion)
            print(f"personal at http://{host}:{port}/v1", flush=True)
            uvicorn.run(app, host=host, port=at, log_level=level, access_log=False)
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
