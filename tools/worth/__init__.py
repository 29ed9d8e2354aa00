"""What a profile is worth: whether it tells a person's own past from other people's."""
