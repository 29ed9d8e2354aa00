"""What the formats of chats with models, and exporters of chats, call those who speak."""

import re

_OWN = frozenset(("user", "human", "you", "me", "prompt"))
"""What exporters, and the formats of models' chats, call the one whose chats they are."""
_MODELS = frozenset(
    "assistant ai bot system model tool chatgpt gpt claude gemini copilot grok response".split()
)
"""What those formats call who answers."""
_ROLES = _OWN | _MODELS
_MODEL = re.compile(
    rf"(?<![a-z])(?:{'|'.join(sorted(_MODELS))}|ass?ist[ae]n\w{{1,3}})(?![a-z])"
    "|ассистент|асистент|助手|助理|アシスタント|어시스턴트|مساعد"
)
"""One of them in a label, or `assistant` in other languages; some write particles to it."""
_SAID = ("said", "says", "wrote")

_OF_LOG = re.compile(
    r"(?:^|\W)(?:INFO|WARN(?:ING)?|ERROR|DEBUG|TRACE|FATAL|NOTICE|CRITICAL|SEVERE)(?:\W|$)"
    r"|\w\[\d{1,8}\]$"
)
"""What a program's log has where a chat names who speaks: how grave it is, or a process."""


def is_of_log(label: str) -> bool:
    """Whether a label is a program's, and nobody's name."""
    return _OF_LOG.search(label[:200]) is not None


def is_own(label: str) -> bool:
    """Whether a label, in small letters, is the user: `me`, or `you said`."""
    words = label.split()
    return label in _OWN or (len(words) == 2 and words[0] in _OWN and words[1] in _SAID)


def is_model(label: str) -> bool:
    """Whether a label, in small letters, is a model, alone or as in `chatgpt hat gesagt`."""
    return _MODEL.search(label) is not None


def is_role(label: str) -> bool:
    """Whether a word of a label, in small letters, is one of either."""
    return not _ROLES.isdisjoint(label.split())


def is_speaker_alone(label: str) -> bool:
    """Whether a line without a mark is nothing but who speaks in a chat with a model."""
    words = label.split()
    named = words[:1] if len(words) == 2 and words[1] in _SAID else words
    return len(named) == 1 and named[0] in _ROLES
