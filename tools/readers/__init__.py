"""The files that people have, read into history items."""
