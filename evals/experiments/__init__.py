"""A run as LangSmith experiments."""
