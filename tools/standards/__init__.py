"""What an answer is held against: how the person writes, and the limits that they stated."""
