"""The standing profile: kept, planned, revised, and as the user wants it."""
