"""What a server process holds once."""
