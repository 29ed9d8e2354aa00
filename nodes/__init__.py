"""The stages of the workflow, one a file."""
