"""What people follow, keep to read, and mark in books."""
