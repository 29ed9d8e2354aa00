"""What in a history gives the model orders."""
