"""The ways in: the command line, the demo, LangGraph Server."""
