"""A question asked in a process of its own, with or without traces."""

import os
import subprocess
import sys
import time

import forked


def ask(**environment: str) -> tuple[float, subprocess.CompletedProcess[str]]:
    clean = {name: value for name, value in os.environ.items() if "LANGSMITH" not in name}
    command = [sys.executable, "-m", "guided_profile.apps.cli.main", "ask", "Whose cat?"]
    began = time.monotonic()
    done = forked.run([*command, "--user", "anna"], env=clean | environment)
    return time.monotonic() - began, done


def traced(url: str) -> dict[str, str]:
    return {
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_ENDPOINT": url,
        "LANGSMITH_API_KEY": "key",
        "LANGSMITH_PROJECT": "asked",
    }
