"""Of whom a text tells: of the user, of somebody else, or of nobody, as a wish and a question do.

"My sister Julia lives in Oslo" says nothing of where the user lives, "I wish I had a dog" not that
they have one. A title says so neither ("My Neighbor Totoro"): it is the user who watched it.
"""

import re

from guided_profile.tools.wording import RELATIVES, telling_words

_OTHERS = RELATIVES | frozenset(
    "friend buddy boss manager neighbour neighbor colleague coworker teammate roommate flatmate "
    "housemate "
    "freund freundin chefin nachbar nachbarin kollege kollegin mitbewohner mitbewohnerin "
    "amigo amiga jefe jefa vecino vecina compañero compañera "
    "ami amie voisin voisine collègue colocataire".split()
)
_PIECE = re.compile(
    r"(?<=[.!?;])(?<!\b[Nn]o\.)\s+|\n+|"
    r"(?:,\s{0,3}|\s{1,3}(?=(?:so|and|but|und|aber|y|pero|et|mais)\s))"
    r"(?:(?:so|and|but|und|aber|y|pero|et|mais)\s{1,3})?"
    r"(?=(?:[Ii]|we|ich|wir|yo|nosotros|je|nous)\b(?!['’]d\b| would\b))"
)
"""Ends a piece: a sentence, or what comes before the person speaks of themselves."""
_OTHER = re.compile(
    r"^\W*(?i:my|our|meine?|unsere?|mis?|mon|ma|mes|nuestr[oa])\s+"
    r"(?:(?i:best|close|good|old|new|former|older|elder|younger|eldest|oldest|youngest|big|little|"
    r"next[ -]door)\s+)?"
    r"(?P<who>\w+)(?:\s+(?P<name>[A-Z\u00c0-\u00de][a-z\u00df-\u00ff]\w*))?"
)
_NAMED = re.compile(
    r"^(?P<name>[A-Z\u00c0-\u00de][a-z\u00df-\u00ff]+(?: [A-Z\u00c0-\u00de][a-z\u00df-\u00ff]+)?) "
    r"(?:(?:also|always|never|only|still|now) )?"
    r"(?:is|was|has|had|lives|lived|works|worked|plays|played|loves|likes|hates|speaks|eats|drinks|"
    r"owns|wants|studies|smokes|moved|ist|hat|wohnt|lebt|arbeitet|spielt|liebt|"
    r"es|tiene|vive|trabaja|juega|est|habite|travaille|joue)\b"
    r"[^,;:.!?(\n]*?(?=[,;:.!?(\n]|\s(?:and|but|so|und|aber|y|pero|et|mais)\b|$)"
)
"""Somebody by name, or a thing, and what the clause says of it."""
_NO_NAME = telling_words(
    "today tonight tomorrow yesterday everything everybody everyone nobody nothing anything "
    "every monday tuesday wednesday thursday friday saturday sunday weekend breakfast lunch dinner "
    "life home school heute alles frühstück mittagessen abendessen leben schule"
)
_UNREAL = re.compile(
    r"\b(?:I|i|[Ww]e) (?:really |just |so )?wish(?:ed)?(?: that)? (?:I|i|we)\b|"
    r"^\W*[Ww]ish (?:I|i|we) [a-z]|"
    r"\b[Ii]f (?:only )?(?:I|i|we) (?:had|were|owned|lived)\b|"
    r"\bwünschte\b|\b[Ww]enn (?:ich|wir)\b.{1,60}?\b(?:hätten?|wären?|könnten?)\b|"
    r"\b[Oo]jalá\b|\b[Ss]i (?:yo )?(?:tuvier|fuer|pudier)a\b|\b[Ss]i j['’](?:avais|étais)\b"
)
"""A wish, or a condition that does not hold."""
_ASKED = re.compile(
    r"^\W*(?:[^,.?!]{1,20}, ?)?"
    r"(?:(?:[Dd]o|[Dd]id|[Hh]ave|[Aa]re|[Ww]ere) (?:you|u)\b"
    r"(?! (?:ever )?(?:know|recommend|think|suggest|sell|ship|offer|heard|seen|noticed|found|"
    r"got any|have (?:any|some|tips|ideas|advice|a tip|a recipe)))|"
    r"(?:[Hh]ast|[Bb]ist|[Mm]agst) du|(?:[Hh]abt|[Ss]eid) ihr|(?:[Hh]aben|[Ss]ind) Sie|"
    r"[Tt]ienes|[Ee]res|[Tt]e gusta|[Aa]s-tu|[Ee]s-tu|[Aa]vez-vous|[Êê]tes-vous)\b"
)
"""Asks somebody about themselves; who asks for tips or for a thing to buy tells of their own."""
_FIRST_PERSON = re.compile(
    r"\b(?:I|I['’]\w+|we|me|(?-i:[Uu]s)|ich|wir|yo|nosotros|je|nous)\b",  # not the US
    re.IGNORECASE,
)
_OWN = re.compile(
    rf"{_FIRST_PERSON.pattern}|\b(?:my|mine|our|ours|mein\w*|unser\w*|mis?|mon|ma|mes)\b",
    re.IGNORECASE,
)
_SMALL = frozenset(
    "a an the of and or in on for to with at by from vs der die das den dem des und von im am zu "
    "el la los las de del y en le les du et à".split()
)
"""Words that a title writes small."""


def told(text: str, *, message: bool) -> list[tuple[frozenset[str] | None, str]]:
    """Divide a text by whom it tells of.

    What follows on somebody else is about them too, until the person speaks of themselves.

    Args:
        text: The text of an item.
        message: Whether somebody wrote it to say something; what has a category is mostly the name
            of a thing, and "Life is Sweet" tells of nobody called Life.

    Returns:
        The pieces in their order, each with the stems of the words for the other it tells of; none:
        of nobody, as it says nothing that is so; `None`: of the user.
    """
    found: list[tuple[frozenset[str] | None, str]] = []
    of: frozenset[str] | None = None
    for piece in _PIECE.split(text):
        if _UNREAL.search(piece) or (_ASKED.search(piece) and not _OWN.search(piece)):
            found.append((frozenset(), piece))
            continue
        other = _other(piece)
        if other or _OWN.search(piece):
            of = other
        name, end = _named(piece) if message else (None, 0)
        found += [(name, piece[:end]), (of, piece[end:])]
    return [(of, piece) for of, piece in found if piece.strip()]


def _other(piece: str) -> frozenset[str] | None:
    """Return the words for the relative, friend or the like of whom a piece tells."""
    found = _OTHER.match(piece)
    if not found or _FIRST_PERSON.search(piece) or _is_title(piece):
        return None
    word = found["who"].casefold()
    who = {word, word.removesuffix("s")} & _OTHERS
    return frozenset(who | telling_words(f"{word} {found['name'] or ''}")) if who else None


def _named(piece: str) -> tuple[frozenset[str] | None, int]:
    """Return the name of whom a piece tells in its first clause, and where the clause ends."""
    found = _NAMED.match(piece)
    if not found or _OWN.search(found[0]):
        return None, 0
    words = [telling_words(word) for word in found["name"].split()]
    name = frozenset().union(*words)
    return (name, found.end()) if all(words) and not name & _NO_NAME else (None, 0)


def _is_title(piece: str) -> bool:
    """Whether a piece begins with a title: all its words are capitalized."""
    words = re.findall(r"[^\W\d_][\w'’]*", re.split(r"[,;:(]", piece)[0])
    return not piece.isupper() and all(word[0].isupper() or word in _SMALL for word in words)
