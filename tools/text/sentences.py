"""The sentences of a profile, in the language in which a model wrote it.

Where they end, a segmenter says that knows the abbreviations of some three hundred languages. What
it misses is mended by a few rules that need no words.
"""

import re
from collections.abc import Iterable, Iterator

from sentencex import segment

from guided_profile.tools.text.language import language_of

_LIST_MARK = re.compile(
    r"(?:>\s*)*(?:"
    r"[-*+–—·](?:\s+\[[ xX]?\])?\s+|[•‣⁃◦∙▪●○■□►➤✓✔・]\s*|[\u2460-\u2473]\s*|"
    r"\(?(?:\d{1,3}|[a-z])[.)]\s+|\d{1,2}[.)](?=[^\W\d_])|[(（]?\d{1,3}[．）、]\s*"
    r")?"
)
_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
_EMPHASIS = re.compile(r"([*_]{1,3})(?=\S)(.+)(?<=\S)\1([:：]?)")
_NO_SENTENCE = ("#", "＃", "```")

_END = r"[.!?…։؟۔।॥།።፧។៕‼‽⁇⁈⁉。．｡！？][\"'”’»›)）」』｣】］\]*_]*"
_ONE_CITATION = r"[\[［【(（]\s*\d+(?:\s*[-–,;，、،]\s*\d+)*\s*[\]］】)）]"
_CITATION = rf"{_ONE_CITATION}(?:[\s,，、،]*{_ONE_CITATION})*[.。]?"
_CITED_AFTER = re.compile(rf"(?P<end>{_END})(?P<citation>\s*{_CITATION})")
_ONLY_CITATION = re.compile(_CITATION)
_BROKEN_CITATION = re.compile(r"[\[［【(（][\d\s,;，、،–-]*$")
_FINISHED = re.compile(rf"{_END}\s*(?:{_CITATION})?$")

_NUMBER_ALONE = re.compile(r"\d{1,2}[.)]\s*")
_SHORT_ALONE = re.compile(r"[^\W\d_]\S{0,2}\.\s*")
_ORDINAL = re.compile(r"(?<![\d.,])\d{1,2}\.\s+$")
_WITH_ORDINALS = frozenset("bs cs da de et eu fi fo hr hu is lb lt lv nn no pl sk sl sr tr".split())
"""Languages that write `19.` for `19th`."""
_QUOTED = re.compile(r"[」』]$")
_HIRAGANA = re.compile(r"[\u3041-\u309f]")


def split_sentences(text: str, *, cut_off: bool = False) -> list[str]:
    """Return a profile's sentences, without list marks, headings and repetitions.

    A citation such as `[2, 5]` after a full stop belongs to the sentence before it. In a language
    that does not mark the ends of sentences, such as Thai, a line is one.

    Args:
        text: What the model wrote.
        cut_off: Whether the token limit ended it: then its unfinished last sentence is left out,
            if there are others.
    """
    if cut_off:
        text = _BROKEN_CITATION.sub("", text.rstrip())
    language = language_of([text])
    sentences: list[str] = []
    for line in filter(None, map(_bare, text.splitlines())):
        if sentences and _ONLY_CITATION.fullmatch(line):
            sentences[-1] += f" {line}"
        else:
            sentences += _sentences_of(line, language.code if language else "en")
    if cut_off and len(sentences) > 1 and not _FINISHED.search(sentences[-1]):
        sentences.pop()
    unique: dict[str, str] = {}
    for sentence in sentences:
        unique.setdefault(" ".join(sentence.casefold().split()), sentence)
    return list(unique.values())


def _bare(line: str) -> str:
    """Return a line without its list mark and emphasis; nothing of a heading or a rule."""
    line = _BOLD.sub(r"\1", line.strip())
    line = _LIST_MARK.sub("", line, count=1).strip()
    if emphasized := _EMPHASIS.fullmatch(line):
        line = emphasized[2] + emphasized[3]
    return "" if line.startswith(_NO_SENTENCE) or not re.search(r"\w", line) else line


def _sentences_of(line: str, code: str) -> Iterator[str]:
    """Yield the sentences of a line, but not what announces a list."""
    for part, citation in _cited(line):
        sentences = [sentence.strip() for sentence in _mended(segment(code, part), code)]
        if sentences:
            sentences[-1] += citation
        yield from (sentence for sentence in sentences if not sentence.endswith((":", "：")))


def _cited(line: str) -> Iterator[tuple[str, str]]:
    """Yield parts of a line, each with the citation that follows its last full stop, if any."""
    start = 0
    for found in _CITED_AFTER.finditer(line):
        if not line[found.end() :].lstrip()[:1].islower():  # else the full stop ended no sentence
            yield line[start : found.end("end")], found["citation"]
            start = found.end()
    if line[start:].strip():
        yield line[start:], ""


def _mended(parts: Iterable[str], code: str) -> Iterator[str]:
    """Yield what the segmenter found, those parts joined that are one sentence."""
    sentence = ""
    for part in parts:
        if _NUMBER_ALONE.fullmatch(part):  # of a list within a line
            continue
        if sentence and not _goes_on(sentence, part.lstrip(), code):
            yield sentence
            sentence = ""
        sentence += part
    if sentence.strip():
        yield sentence


def _goes_on(sentence: str, part: str, code: str) -> bool:
    """Whether a part belongs to the sentence before it."""
    return (
        (part[:1].islower() and not sentence.lstrip()[:1].islower())
        or bool(_SHORT_ALONE.fullmatch(sentence))
        or _in_a_name(sentence)
        or (code in _WITH_ORDINALS and bool(_ORDINAL.search(sentence)))
        or bool(_QUOTED.search(sentence) and _HIRAGANA.match(part))
    )


def _in_a_name(sentence: str) -> bool:
    """Whether the dot that ends it, with no space behind, is one in a name: .NET, Booking.Com."""
    if not sentence.endswith("."):
        return False
    word = sentence.split()[-1]
    return word == "." or word[0].isupper()
