"""What a prompt asks a scripted model for, and how one judges the sentences of a profile."""

import json
import re
from collections.abc import Callable
from typing import Any

Judges = Callable[[str, list[str]], float]

STATEMENT = re.compile(r"Statement: (.*)\nDoes the history above show")
OF_MOST = re.compile(r"Statement about a person: (.*)\nIs this true of most people")
ENDED = re.compile(r"A note about a person: (.*)\nLater the person \w+: (.*)\nDoes that show")
RENEW = re.compile(r"A note about a person: (.*)\nLater the person \w+: (.*)\nWhat is true")
USE = re.compile(r"A note about a person: (.*)\nIs this a (rule|private)")
USES = re.compile(r"(?s)Notes about a person:\n(.*)\n\nWhich of these is each note")
BEARS = re.compile(r"What is known of a person: (.*)\nThe person now says: (.*)\nDoes a good")
DEPENDS = re.compile(r"A user says: (.*)\nDoes a good answer depend on who")
STOOD = re.compile(r"Statements from number (\d+) on were true before")
TWO_NOTES = re.compile(r"\n1\. (.*)\n2\. (.*)\nDoes note 2 tell what note 1 tells")


def digests(prompt: str) -> bool:
    """Whether a prompt is a built-in task's guiding question."""
    asked = ("Note each in one short line", "in a few words each", "writing apart most")
    return not writes_profile(prompt) and any(words in prompt for words in asked)


def writes_profile(prompt: str) -> bool:
    """Whether a prompt is a built-in task's, or an unguided one, to write the profile."""
    asked = ("short profile", "Now write what this says", "Turn each of these habits")
    return any(words in prompt for words in asked)


def judgements(
    prompt: str,
    judges: Judges,
    ends: Callable[[str, str], float] = lambda note, item: 0.1,
    renews: Callable[[str, str], str] = lambda note, item: "",
) -> str | None:
    """Return the JSON that a model without probabilities judges with; None: it is not asked."""
    _, asked, statements = prompt.partition("Statements about this person:\n")
    if not asked:
        return None
    lines = lines_of(prompt[: -len(statements)])
    stood = STOOD.search(statements)
    told: list[dict[str, Any]] = []
    more = {"common": False, "use": "B"}
    for n, text in enumerate(lines_of(statements), start=1):
        verdict = "stated" if judges(text, lines) > 0.5 else "unsupported"
        told.append({"statement": n, "verdict": verdict, "lines": [], **more})
        if stood and n >= int(stood[1]):
            said = [line.partition("] ")[2] for line in lines]
            over = [at for at, item in enumerate(said) if ends(text, item) > 0.5]
            told[-1] |= {"verdict": "unsupported"}
            if over:
                now = renews(text, said[over[0]])
                told[-1] |= {"verdict": "contradicted", "lines": [over[0] + 1], "now": now}
    return json.dumps({"judgements": told})


def lines_of(prompt: str) -> list[str]:
    """Return the lines of the history that a prompt shows."""
    return re.findall(r"(?m)^\d+\. (.*)$", prompt)


def shares_words(statement: str, lines: list[str]) -> float:
    """Judge a statement by how many of its telling words stand in the history."""

    def folded(text: str) -> set[str]:
        return {word[:5] for word in re.findall(r"\w{3,}", text.casefold())} - EMPTY

    told, wanted = folded(" ".join(lines)), folded(statement)
    return 0.9 if len(wanted & told) > 0.6 * len(wanted) else 0.05


EMPTY = {"this", "perso", "they", "has", "have", "the", "and", "named", "with", "their", "are"}
