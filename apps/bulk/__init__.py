"""The profiles of many users in one run."""
