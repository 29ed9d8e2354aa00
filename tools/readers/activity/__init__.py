"""What people bought, paid for, watched, read, heard, played, and how they moved."""
