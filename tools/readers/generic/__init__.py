"""Any table, any JSON, any text."""
