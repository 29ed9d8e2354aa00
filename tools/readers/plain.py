"""Whether a file without structure reads as what a person writes down: notes, a diary, a list."""

from guided_profile.tools.readers.heads import Head


def reads_as_notes(head: Head) -> bool:
    """Whether a text can be taken for a person's own notes without asking."""
    return bool(head.text) and head.text.lstrip()[:1] not in ("{", "[", "<")
