"""What of a profile an answer uses: what bears on the request, and nothing that does not."""
