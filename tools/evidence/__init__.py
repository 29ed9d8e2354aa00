"""Does the history say so? Each sentence of a profile is held against the items it may rest on."""
