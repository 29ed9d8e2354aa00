"""A client of the server, for programs that speak HTTP alone: none of the workflow is loaded."""
