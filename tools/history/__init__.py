"""What a user did and said: kept in Chroma."""
