"""What reaches a Postgres, which not every installation has."""

from importlib import import_module
from types import ModuleType

from guided_profile.graph.errors import SettingsError


def postgres() -> ModuleType:
    """Return the module that keeps profiles in a Postgres.

    Raises:
        SettingsError: What it needs is not installed.
    """
    try:
        return import_module("guided_profile.tools.profiles.postgres")
    except ImportError as error:
        raise SettingsError(
            "GUIDED_PROFILE_DATABASE_URL is set, and what reaches a Postgres is not installed "
            f"({error.name or 'libpq'}); install it with pip install 'guided-profile[postgres]'."
        ) from None
