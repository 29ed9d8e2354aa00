"""What a user says about their memory ("forget that"): found, carried out, undone, told."""
