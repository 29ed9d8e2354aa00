"""Looking for a better guiding question."""
