"""Where pytest keeps the names of all tests that it found."""

import pytest

COLLECTED = pytest.StashKey[set[str]]()
