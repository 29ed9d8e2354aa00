"""A user's rights: everything exported, everything deleted."""
