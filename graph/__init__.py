"""The workflow: question, state, answer, context, tasks, and how they are compiled."""
