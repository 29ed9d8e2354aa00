"""The HTTP server: our own routes, and the page."""
