"""A run, added up and shown."""
