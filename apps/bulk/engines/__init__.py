"""What works on the users of a run, one engine a file."""
