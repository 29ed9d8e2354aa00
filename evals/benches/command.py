"""What every bench's command does alike."""

from collections.abc import Callable
from functools import wraps

from guided_profile.graph.errors import GuidedProfileError


def command(main: Callable[[], None]) -> Callable[[], None]:
    """Let a bench that fails say why in one line, and end with status 1."""

    @wraps(main)
    def run() -> None:
        try:
            main()
        except GuidedProfileError as error:
            raise SystemExit(f"error: {error}") from error

    return run
