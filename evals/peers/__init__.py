"""Other projects' memories beside ours; in a checkout only, not in the wheel."""
