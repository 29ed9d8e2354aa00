"""What rules alone say of a traced run: abstention, restraint, keeping to the profile.

A run is a mapping with `inputs`, `outputs` and `extra`, as LangSmith hands it to a code evaluator:
one of the workflow, of an agent with the middleware, or of an experiment. Of a trace whose texts
are hidden, what its metadata says is left. This module imports the standard library alone, since
`code` makes one function of it for LangSmith's own page.

abstained         1 if it declined to answer, else 0
abstention        1 if that was right, or if it was right to answer; 0 if not
restraint         1 if nothing was brought up that the request did not need; 0 if something was
keeps-to-profile  1 if the answer keeps to the limits and habits that are counted; 0 if not
doubt             1 if a person should look: rules differ, or the answer was of low probability

What no rule can tell has no score. Comments hold counts and reasons, and nobody's text.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

ABSTAINED, ABSTENTION, RESTRAINT = "abstained", "abstention", "restraint"
KEEPS, DOUBT = "keeps-to-profile", "doubt"
Found = dict[str, tuple[float | None, str]]
"""By key: a score, None where no rule can tell, and why, in words."""
LEAST_PROBABILITY = 0.5
"""Of a text; with less, somebody should look."""
LEAST_OVER_CHANCE = 1.2
"""Of a choice: its probability over that of guessing; with less, somebody should look."""
SHORTEST, TELLING = 3, 5
"""Letters of the shortest words that are compared, and of those that seldom are mere grammar."""
FAULTS = ("cut_off", "empty", "no_option")
"""Reasons of an abstention that say nothing of the history: what was missing is an answer."""
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)
"""Scripts whose words are not parted by spaces, or carry their endings with them."""
METADATA = "guided_profile_"


def found_in(run: Mapping[str, Any]) -> Found:
    """Return what rules say of a run; nothing if the run is none of ours."""
    said = read(run)
    if said is None:
        return {}
    if said["kind"] == "abstained":
        abstention, why = _of_abstention(said)
        doubt = why if abstention is None else ""
        return {ABSTAINED: (1.0, said["reason"])} | _scores({ABSTENTION: (abstention, why)}, doubt)
    answering, why = _of_answer(said)
    restraint, using = _of_restraint(said)
    doubts = [why] if answering is None and why else []
    doubts += [using] if restraint is None and using else []
    if said["shaky"]:
        doubts.append(f"{said['shaky']} used sentences are not supported")
    found: Found = {ABSTENTION: (answering, why), RESTRAINT: (restraint, using)}
    found[KEEPS] = _of_keeping(said)
    answered: Found = {ABSTAINED: (0.0, "")} if said["kind"] == "answered" else {}
    return answered | _scores(found, "; ".join(doubts))


def _scores(found: Found, doubt: str) -> Found:
    scored = {key: entry for key, entry in found.items() if entry[0] is not None}
    return scored | {DOUBT: (float(bool(doubt)), doubt)}


def _of_abstention(said: Mapping[str, Any]) -> tuple[float | None, str]:
    reason = said["reason"]
    if reason in FAULTS:
        return 0.0, f"{reason}: the history was not what was missing"
    if reason == "no_history":
        return 1.0, "nothing is known of the user"
    if reason == "low_confidence" or not said["request"]:
        return None, f"{reason}: no rule can tell whether that was right"
    near = sum(bool(_pieces(sentence) & _pieces(said["request"])) for sentence in said["supported"])
    if near:
        return None, f"{reason}, yet {near} sentences of the profile share words with the request"
    return 1.0, f"{reason}, and the profile shares no word with the request"


def _of_answer(said: Mapping[str, Any]) -> tuple[float | None, str]:
    if said["kind"] != "answered":
        return None, ""
    sure, options = said["confidence"], said["options"]
    least = LEAST_OVER_CHANCE / options if options else LEAST_PROBABILITY
    if sure is not None and sure < least:
        return None, f"it was answered at a probability of {sure:.2f}"
    if said["behind"]:
        return 1.0, "it was answered, with something of the history behind it"
    return None, ""  # a question to anybody, or one whose trace does not say


def _of_restraint(said: Mapping[str, Any]) -> tuple[float | None, str]:
    if said["used"] is None:
        return (1.0, "nothing was used") if said["used_number"] == 0 else (None, "")
    shown = hidden = 0
    for text in said["used"]:
        use = said["uses"].get(text, "topical")
        own, telling = (_own(text, said["known"], least) for least in (SHORTEST, TELLING))
        private = use == "private"
        asked = (telling or own) if private else own  # "for" and "the" raise no private subject
        if use == "always" or not own or asked & _pieces(said["request"]):
            continue
        brought_up = len((telling or own) & _pieces(said["reply"]))
        if private and 2 * brought_up >= len(telling or own):
            shown += 1
        elif private or brought_up:
            hidden += 1
    if shown:
        return 0.0, f"{shown} private sentences were brought up that nobody asked about"
    if hidden:
        return None, f"{hidden} sentences were used that share no word with the request"
    return 1.0, "what was used bears on the request, or is kept to in every answer"


def _of_keeping(said: Mapping[str, Any]) -> tuple[float | None, str]:
    missed = said["missed"]
    if missed is None or (not missed and not said["used_number"]):
        return None, ""
    if missed:
        return 0.0, f"{missed} counted habits or limits are not kept"
    return 1.0, "no counted habit or limit is broken"


def read(run: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what a run's outputs and metadata say, in one form; None if it is none of ours."""
    outputs = run.get("outputs")
    if not isinstance(outputs, Mapping):
        outputs = {}
    noted = (run.get("extra") or {}).get("metadata") or run.get("metadata") or {}
    answer = outputs.get("answer")
    answer = answer if isinstance(answer, Mapping) else outputs
    if answer.get("kind") not in ("answered", "abstained"):
        answer = {}
    message, mark = _marked(outputs.get("messages") or ())
    noted = {name[len(METADATA) :]: v for name, v in noted.items() if name.startswith(METADATA)}
    if not answer and mark is None and "tries" not in noted:
        return None
    kind = answer.get("kind") or ("host" if mark is not None else None)
    if kind is None:
        kind = "abstained" if noted.get("abstention") else "answered"
    sentences = _sentences(answer.get("profile"))
    supported = [sentence["text"] for sentence in sentences if _counts(sentence)]
    used = answer.get("used", (mark or {}).get("used"))
    number = noted.get("used") if used is None else len(used)
    missed = answer.get("missed")
    texts = {sentence["text"] for sentence in sentences} - {*supported}
    uses = {sentence["text"]: sentence.get("use", "topical") for sentence in sentences}
    uses |= dict.fromkeys((mark or {}).get("always") or (), "always")
    options = (run.get("inputs") or {}).get("options") or ()
    return {
        "kind": kind,
        "reason": answer.get("reason") or noted.get("abstention") or "",
        "request": _request(run.get("inputs") or {}),
        "reply": answer.get("text") or message,
        "used": None if used is None else [str(text) for text in used],
        "used_number": number,
        "known": list(dict.fromkeys([*uses, *(used or ())])),
        "uses": uses,
        "supported": supported,
        "shaky": sum(text in texts for text in used or ()),
        "behind": bool(answer.get("evidence") or number),
        "confidence": answer.get("confidence", noted.get("confidence")),
        "options": len(answer.get("probabilities") or options),
        "missed": noted.get("missed") if missed is None else len(missed),
    }


def _sentences(profile: Any) -> list[Mapping[str, Any]]:
    found = profile.get("sentences") if isinstance(profile, Mapping) else None
    return [
        sentence
        for sentence in found or ()
        if isinstance(sentence, Mapping) and sentence.get("text")
    ]


def _counts(sentence: Mapping[str, Any]) -> bool:
    return bool(sentence.get("pinned") or sentence.get("evidence"))


def _marked(messages: Sequence[Any]) -> tuple[str, Mapping[str, Any] | None]:
    """Return the last answer of an agent, and what the middleware wrote beside it."""
    for message in reversed(messages):
        kind, fields = _fields(message)
        if kind in ("ai", "assistant"):
            mark = (fields.get("response_metadata") or {}).get("guided_profile")
            return _words(fields.get("content")), mark if isinstance(mark, Mapping) else None
    return "", None


def _request(inputs: Mapping[str, Any]) -> str:
    if inputs.get("question"):
        return str(inputs["question"])
    for message in reversed(inputs.get("messages") or ()):
        kind, fields = _fields(message)
        if kind in ("human", "user"):
            return _words(fields.get("content"))
    return ""


def _fields(message: Any) -> tuple[str, Mapping[str, Any]]:
    """Return who a message is of, and its fields, in whatever form it was traced."""
    if isinstance(message, list | tuple) and len(message) == 2:
        return str(message[0]), {"content": message[1]}
    if not isinstance(message, Mapping):
        return "", {}
    if isinstance(message.get("kwargs"), Mapping):
        name = str((message.get("id") or [""])[-1])
        kind = name.removesuffix("Chunk").removesuffix("Message").lower()
        return kind, message["kwargs"]
    return str(message.get("type") or message.get("role") or ""), message


def _words(content: Any) -> str:
    if isinstance(content, list):
        return " ".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    return content if isinstance(content, str) else ""


def _own(text: str, texts: Sequence[str], least: int) -> set[str]:
    """Return the pieces of a text that no other has: what they share tells nothing of it."""
    others = [_pieces(other) for other in texts if other != text]
    return _pieces(text, least) - set().union(*others)


def _pieces(text: str, least: int = SHORTEST) -> set[str]:
    """Return what two texts have in common if they are about the same, in any language.

    That is the first letters of each word of so many or more, so that endings do not matter; and of
    scripts without spaces, each two characters that stand together.
    """
    apart = "".join(
        " " if unicodedata.category(character)[0] in "PSZC" else character
        for character in text.casefold()
    )
    found: set[str] = set()
    for word in apart.split():
        if UNSPACED.search(word):
            found |= {word[at : at + 2] for at in range(len(word) - 1)}
        elif len(word) >= least:
            found.add(word[:TELLING])
    return found
