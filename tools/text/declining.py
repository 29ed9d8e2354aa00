"""Phrases that decline to answer: the paper's own rule, for a task that names some.

The built-in tasks name none: whether a reply answers is asked of the model (`Abstention.declined`),
in any language.
"""

from guided_profile.graph.tasks import Task


def declines(task: Task, reply: str, question: str) -> bool:
    """Whether a reply holds one of the task's phrases that the question does not hold itself.

    The paper's rule is the one word `sorry` (section 6.2).
    """
    answer, asked = _plain(reply), _plain(question)
    phrases = (_plain(phrase) for phrase in task.abstention.phrases)
    return any(phrase in answer and phrase not in asked for phrase in phrases)


def _plain(text: str) -> str:
    return text.casefold().replace("’", "'")
