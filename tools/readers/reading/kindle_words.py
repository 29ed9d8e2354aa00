"""What the Kindle calls a note, and what it calls a marked passage, in its languages."""

import re

_NOTE = re.compile(
    r"\b(?:note|notiz|nota|notitie|notatka|anteckning|notat|muistiinpano|poznámka|jegyzet)\b"
    r"|заметк|нотатк|メモ|笔记|筆記|備註|메모|노트|ملاحظة|नोट",
    re.IGNORECASE,
)
_MARKED = re.compile(
    r"highlight|markierung|surlign|subrayado|resaltado|destaque|evidenziazione|markering|zaznaczenie"
    r"|выдел|ハイライト|标注|標註|하이라이트|\bclip",
    re.IGNORECASE,
)


def is_noted(what: str) -> bool:
    """Whether it says that the reader wrote something."""
    return _NOTE.search(what) is not None


def is_marked(what: str) -> bool:
    """Whether it says that the reader marked something."""
    return _MARKED.search(what) is not None
