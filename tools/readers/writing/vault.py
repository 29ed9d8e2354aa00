"""Vaults of Obsidian and Logseq: folders of Markdown notes with the settings of the app."""

import re

from guided_profile.tools.readers.base import Reader
from guided_profile.tools.readers.writing.markdown_notes import read_notes

_SETTINGS = re.compile(r"\.obsidian/[^/]+\.json|logseq/config\.edn")

READER = Reader(
    format="vault",
    title="Obsidian or Logseq vault",
    obtain="The folder of the vault as it is, or a zip of it.",
    recognises=lambda head: _SETTINGS.search(head.name),
    read=read_notes,
    marks=_SETTINGS,
    holds=(re.compile(r".*\.(?:md|markdown)|(?:templates|daily-notes|data)\.json"),),
    streamed=False,
)
