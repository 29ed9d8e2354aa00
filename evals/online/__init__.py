"""Scores of runs as they are traced in production."""
