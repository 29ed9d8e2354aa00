"""What runs the graphs beside us: LangGraph Server and Aegra."""
