"""What a user asks of their memory ("forget that"): found, carried out, undone and reported."""
