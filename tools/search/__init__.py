"""In which order items answer a query."""
