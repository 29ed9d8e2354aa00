"""Our routes under a uvicorn in a thread of the test, for clients that speak HTTP themselves."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn
from server_client import an_app, jwt_settings

from guided_profile.apps.server_settings import ServerSettings


@contextmanager
def listening(settings: ServerSettings | None = None) -> Iterator[str]:
    """Serve the data folder and the endpoint of the environment; yield the address."""
    app, made, _ = an_app(settings or jwt_settings())
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    running = Thread(target=server.run)
    with made.history:
        running.start()
        try:
            while not server.started:
                assert running.is_alive()
                time.sleep(0.01)
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        finally:
            server.should_exit = True
            running.join(30)
