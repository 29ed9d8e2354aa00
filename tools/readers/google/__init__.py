"""What Google's Takeout holds."""
