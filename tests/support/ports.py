"""A port of this machine that nobody listens on."""

import socket
from contextlib import suppress
from random import SystemRandom

PORTS = range(10_000, 32_768)
"""Below those that a system gives to its clients: no test running beside takes one meanwhile."""


def free_port() -> int:
    while True:
        port = SystemRandom().choice(PORTS)
        with socket.socket() as free, suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port
