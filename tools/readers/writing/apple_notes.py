"""Apple Notes, as Apple gives them: a text each, in a folder of its name."""

from pathlib import PurePosixPath

from guided_profile.tools.readers.base import Reader
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.writing.markdown_notes import read_notes


def _recognises(head: Head) -> bool:
    path = PurePosixPath(head.name)
    return bool(head.text) and path.suffix.lower() == ".txt" and path.parent.name == path.stem


READER = Reader(
    format="apple-notes",
    title="Apple Notes",
    obtain="privacy.apple.com, Request a copy of your data, iCloud Notes; the zip as it is.",
    recognises=_recognises,
    read=read_notes,
    streamed=False,
)
