"""What can be counted about how a text is written, and whether a sentence about it is true.

The paper names four aspects of style (section 5.2): capitalization, emoji, abbreviation,
punctuation; length is added. Each habit is a yes or no per text, so that a claim such as "writes
in lower case" is held against a user's texts without a model.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_ABBREVIATIONS = frozenset(
    "abt afaik ama asap atm b4 bc bday brb btw cya dm fml ftw fwiw fyi gf bf gg gn gonna gotta hbu "
    "hmu idc idek idk iirc ikr ily imho imo irl jk k kinda lmao lmk lol mins msg nbd ngl nm np nvm "
    "ofc omg omw pic pls plz ppl prob probs rly rn rofl smh sorta srsly tbf tbh tfw thru thx til "
    "tldr tmi tmrw tho ttyl txt u ur vid w/ w/o wanna wdym wfh wtf wtv wyd xoxo y ya yr yrs 2day "
    "2moro 2nite gr8 l8r".split()
)
_EMOJI = re.compile(
    "[\U0001f300-\U0001faff\u2600-\u27bf\u2b50\u2764]|(?<!\\w)(?:[:;=8xX]['’]?-?[)(DPpOo/|*3]|<3|\\^_\\^)"
)
_LINK_OR_HANDLE = re.compile(r"https?://\S+|@\w+")


def _words(text: str) -> list[str]:
    return re.findall(r"w/o?|[^\W_]+(?:['’][^\W_]+)?", text)


def _letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalpha())


def _abbreviates(text: str) -> bool:
    return any(word.lower() in _ABBREVIATIONS for word in _words(text))


def _shouts(text: str) -> bool:
    return any(len(word) > 1 and word.isalpha() and word.isupper() for word in _words(text))


def _opens_with_capital(text: str) -> bool:
    return _letters(text)[:1].isupper()


@dataclass(frozen=True, slots=True)
class Habit:
    """Something that a text does or does not do."""

    name: str
    """In words that follow a count: "… have no capital letter"."""
    shows: Callable[[str], bool]
    typical: float = 0.25
    """The share of a user's texts that has to show it before a claim of it is true."""


NO_CAPITAL = Habit("have no capital letter", lambda text: text == text.lower(), typical=0.6)
SHOUTED = Habit("have a word in capitals", _shouts)
CAPITAL_FIRST = Habit("begin with a capital letter", _opens_with_capital, typical=0.5)
EMOJI = Habit("have emoji", lambda text: bool(_EMOJI.search(text)))
NO_EMOJI = Habit("have no emoji", lambda text: not _EMOJI.search(text), typical=0.75)
ABBREVIATION = Habit("have an abbreviation", _abbreviates)
NO_ABBREVIATION = Habit("have no abbreviation", lambda text: not _abbreviates(text), typical=0.75)
EXCLAMATION = Habit("have an exclamation mark", lambda text: "!" in text)
NO_EXCLAMATION = Habit("have no exclamation mark", lambda text: "!" not in text, typical=0.75)
QUESTION_MARK = Habit("have a question mark", lambda text: "?" in text)
DOTS = Habit("have dots that trail off", lambda text: ".." in text or "…" in text, typical=0.15)
OPEN_END = Habit("end without punctuation", lambda text: text.rstrip()[-1:].isalnum(), typical=0.5)
FULL_STOP = Habit("end with a full stop", lambda text: text.rstrip().endswith("."), typical=0.5)
PUNCTUATION = Habit(
    "have punctuation", lambda text: bool(re.search(r"[.,;:!?]", text)), typical=0.5
)
SHORT = Habit("have at most 15 words", lambda text: len(_words(text)) <= 15, typical=0.5)
LONG = Habit("have more than 20 words", lambda text: len(_words(text)) > 20, typical=0.5)


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(words, re.IGNORECASE)


_CLAIMS: tuple[tuple[re.Pattern[str], Habit | None, Habit | None], ...] = (
    (_pattern(r"lower[- ]?case|uncapitali[sz]ed"), NO_CAPITAL, None),
    (
        _pattern(r"all[- ]caps|upper[- ]?case|block (?:letters|capitals)|capital\w*.* emphas"),
        SHOUTED,
        None,
    ),
    (_pattern(r"\bcapital(?!\w*.* emphas)|sentence[- ]case"), CAPITAL_FIRST, NO_CAPITAL),
    (_pattern(r"emoji|emoticon|smiley"), EMOJI, NO_EMOJI),
    (_pattern(r"abbreviat|acronym|slang|shorthand"), ABBREVIATION, NO_ABBREVIATION),
    (_pattern(r"exclamation"), EXCLAMATION, NO_EXCLAMATION),
    (_pattern(r"question mark"), QUESTION_MARK, None),
    (_pattern(r"ellips|trailing|\bdots\b|\.\.\.|…"), DOTS, None),
    (_pattern(r"full stop|\bperiods?\b"), FULL_STOP, OPEN_END),
    (_pattern(r"punctuat"), PUNCTUATION, OPEN_END),
    (_pattern(r"\bshort\b|\bbrief|\bconcise|\bterse|to the point"), SHORT, LONG),
    (_pattern(r"\blong\b|\blengthy|\belaborate"), LONG, SHORT),
)
"""Words of a sentence, the habit that they claim, and the habit that they claim when negated."""

_NEGATION = _pattern(
    r"\b(?:no|not|never|without|rarely|seldom|hardly|lacks?|lacking|avoids?|avoiding|omits?|"
    r"omitting|skips?|minimal|little|few|absen\w+)\b|n['’]t\b"
)
_AFFIRMATION = _pattern(r"\b(?:uses?|using|writes?|prefers?|often|always|is|are)\b")
_CLAUSE = re.compile(r"[,;]|\b(?:and|but|while|with)\b")


def claimed_habits(sentence: str) -> list[Habit]:
    """Return the habits that a sentence claims, each once.

    A negation reaches on to the next clause that affirms something: "no capitals, emoji or full
    stops" denies all of them, "no capitals, but uses emoji" only the first.
    """
    claimed: dict[str, Habit] = {}
    denied = False
    for clause in _CLAUSE.split(sentence):
        if _NEGATION.search(clause):
            denied = True
        elif _AFFIRMATION.search(clause):
            denied = False
        for words, said, negated in _CLAIMS:
            habit = negated if denied else said
            if habit and words.search(clause):
                claimed[habit.name] = habit
    return list(claimed.values())


def own_words(text: str) -> str:
    """Return a text without the links and handles in it, which say nothing about its style."""
    return _LINK_OR_HANDLE.sub("", text).strip()


_OBSERVED = (
    (NO_CAPITAL, "everything in lower case"),
    (CAPITAL_FIRST, "sentence case"),
    (SHOUTED, "capitals to emphasise a word"),
    (OPEN_END, "no full stop at the end"),
    (FULL_STOP, "a full stop at the end"),
    (EXCLAMATION, "exclamation marks"),
    (DOTS, "dots that trail off"),
    (EMOJI, "emoji"),
    (NO_EMOJI, "no emoji"),
    (SHORT, "short texts"),
    (LONG, "long texts"),
)
_MOST_EXAMPLES = 5


def observed(texts: Sequence[str]) -> str:
    """List the habits that are typical of some texts, and in how many of them each shows.

    A small model is blind to capitals and punctuation but can pass on what it is told of them.
    """
    own = [text for text in map(own_words, texts) if text]
    seen = []
    for habit, words in _OBSERVED:
        count = sum(map(habit.shows, own))
        if own and count >= habit.typical * len(own):
            seen.append(f"{words} ({count} of {len(own)} texts)")
    short = Counter(
        word.lower() for text in own for word in _words(text) if word.lower() in _ABBREVIATIONS
    )
    count = sum(map(ABBREVIATION.shows, own))
    if short and count >= ABBREVIATION.typical * len(own):
        examples = ", ".join(word for word, _ in short.most_common(_MOST_EXAMPLES))
        seen.append(f"abbreviations such as {examples} ({count} of {len(own)} texts)")
    return "Observed about how this person writes:\n" + "\n".join(f"- {one}" for one in seen)
